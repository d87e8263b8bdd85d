/** The cache of files that only some models need; the service worker reads it. */
export const extrasCache = 'nanoinfer-extras';
