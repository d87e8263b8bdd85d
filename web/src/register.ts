/** Installs the service worker; `onUpdate` is given the function that changes over to a new page. */
export function registerServiceWorker(onUpdate: (update: () => void) => void): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  // The first visit has no controller, and gets one without having asked for a new page.
  let changingOver = false;
  serviceWorker.addEventListener('controllerchange', () => {
    if (changingOver) location.reload();
  });
  const offer = (waiting: ServiceWorker) =>
    onUpdate(() => {
      changingOver = true;
      waiting.postMessage('change-over');
    });
  serviceWorker
    .register('./sw.js')
    .then((registration) => {
      if (registration.waiting && serviceWorker.controller) offer(registration.waiting);
      registration.addEventListener('updatefound', () => {
        const { installing } = registration;
        installing?.addEventListener('statechange', () => {
          if (installing.state === 'installed' && serviceWorker.controller) offer(installing);
        });
      });
    })
    .catch(() => undefined); // No service worker here (private window): the page works online.
}
