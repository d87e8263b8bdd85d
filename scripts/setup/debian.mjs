// Which Debian this is: only there can packages be installed for the user.
import { existsSync, readFileSync } from 'node:fs';
import { firstProgram } from './process.mjs';

const osRelease = () =>
  existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';

const field = (text, name) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1];

/** 12 or 13 if `text`, an os-release file, is of that Debian; null for others, Ubuntu among them. */
export function debianRelease(text = osRelease()) {
  const version = Number(field(text, 'VERSION_ID'));
  return field(text, 'ID') === 'debian' && [12, 13].includes(version) ? version : null;
}

export function isDebian() {
  return debianRelease() !== null && firstProgram('apt-get') !== null;
}

/** The running system's name, for messages. */
export function systemName() {
  return field(osRelease(), 'PRETTY_NAME') ?? process.platform;
}
