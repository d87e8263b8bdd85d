import { type Wanted, wantedFile } from '../client/catalogue.ts';

/** The one file that was dropped, as a model's; `run`: its name says that it is a recorded run. */
export function droppedFile(
  data: DataTransfer,
): { wanted: Wanted; run?: File } | { refused: Wanted; why: string } {
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
  if (why !== '') return { refused: wanted, why };
  return file?.name.endsWith('.nirun') ? { wanted, run: file } : { wanted };
}
