// The same page as another build would be: other engine, other names, other page.
import type { Build } from './servers.ts';

export const newEngine = 'engine-newengine000';

export function engineOf(build: Build): string {
  const path = [...build.keys()].find((name) => name.startsWith('/engine-'))!;
  return path.split('/')[1]!;
}

export function rebuilt(build: Build): Build {
  const renames: [string, string][] = [[engineOf(build), newEngine]];
  for (const path of build.keys()) {
    const name = /^\/assets\/(.+)\.\w+$/.exec(path)?.[1];
    if (name) renames.push([name, `${name}-2`]);
  }
  const rename = (text: string) =>
    renames.reduce((result, [from, to]) => result.replaceAll(from, to), text);
  const isText = (path: string) => /\.(html|js|mjs|css)$/.test(path);
  const files = [...build].map(([path, bytes]): [string, Buffer] => [
    rename(path),
    isText(path) ? Buffer.from(rename(bytes.toString('utf8'))) : bytes,
  ]);
  const next = new Map(files);
  // The page itself has no hash in its name: its revision stands in the service worker.
  const worker = next.get('/sw.js')!.toString('utf8');
  next.set('/sw.js', Buffer.from(worker.replaceAll(/"revision":"\w{4}/g, '"revision":"0000')));
  return next;
}
