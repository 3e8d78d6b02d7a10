/** Is this host the machine itself, so that plain http is no risk? RFC 6761 §6.3 gives us `*.localhost`. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '127.0.0.1' || hostname === '[::1]'
  );
}
