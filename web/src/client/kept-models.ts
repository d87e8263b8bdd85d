import { keptFolder, type KeptModel } from '../protocol.ts';

/** The complete models kept on this device. Remains of cut downloads are removed on the way. */
export async function listKeptModels(): Promise<KeptModel[]> {
  const models = await folder();
  if (!models) return [];
  const kept: KeptModel[] = [];
  for await (const name of models.keys()) {
    if (!name.endsWith('.gguf')) continue;
    const id = name.slice(0, -'.gguf'.length);
    const record = await readRecord(models, id);
    if (record) kept.push(record);
    // A file that another tab is writing now is locked and stays.
    else await models.removeEntry(name).catch(() => undefined);
  }
  return kept.sort((a, b) => a.origin.localeCompare(b.origin));
}

export async function deleteKeptModel(id: string): Promise<void> {
  const models = await folder();
  // The record goes first: without it the bytes are no model.
  await models?.removeEntry(`${id}.json`).catch(() => undefined);
  await models?.removeEntry(`${id}.gguf`).catch(() => undefined);
}

/** null where the browser gives this page no such storage. */
async function folder(): Promise<FileSystemDirectoryHandle | null> {
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(keptFolder, { create: true });
  } catch {
    return null;
  }
}

async function readRecord(
  models: FileSystemDirectoryHandle,
  id: string,
): Promise<KeptModel | null> {
  try {
    const file = await (await models.getFileHandle(`${id}.json`)).getFile();
    const record = JSON.parse(await file.text()) as KeptModel;
    const bytes = (await (await models.getFileHandle(`${id}.gguf`)).getFile()).size;
    return record.id === id && record.bytes === bytes ? record : null;
  } catch {
    return null;
  }
}
