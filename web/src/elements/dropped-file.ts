import { type Wanted, wantedFile } from '../client/catalogue.ts';

/** The one file that was dropped, or why there is none. */
export function droppedFile(
  data: DataTransfer,
): { wanted: Wanted } | { refused: Wanted; why: string } {
  const file = data.files[0];
  const wanted = wantedFile(file ?? new File([], 'What was dropped'));
  const isFolder = [...data.items].some((item) => item.webkitGetAsEntry()?.isDirectory);
  const why = isFolder
    ? 'This is a folder. Drop the model file itself.'
    : data.files.length > 1
      ? 'One model at a time: drop a single file.'
      : !file
        ? 'There was no file in it.'
        : file.size === 0
          ? 'The file is empty.'
          : '';
  return why === '' ? { wanted } : { refused: wanted, why };
}
