/**
 * Does this frame see the gateway's cookies as if it stood alone? Where a person has allowed that before, it is asked for
 * again, which then needs no click. A browser that can't tell counts as one that hides them.
 */
export async function hasAccess(): Promise<boolean> {
  try {
    if (await document.hasStorageAccess()) return true;
    const permission = await navigator.permissions.query({ name: 'storage-access' });
    if (permission.state !== 'granted') return false;
    await document.requestStorageAccess();
    return await document.hasStorageAccess();
  } catch {
    // too old for these, in a sandbox, or refused after all: each means no
    return false;
  }
}

/** Asks the person to let this frame see our cookies. Only in answer to a click, and before anything is waited for. */
export async function requestAccess(): Promise<void> {
  try {
    await document.requestStorageAccess();
  } catch {
    // refused: what is asked next finds that out, and says so
  }
}
