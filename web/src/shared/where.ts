// Where another server's page is, seen from the reader.

const schemes = new Map([["ws:", "http:"], ["wss:", "https:"], ["http:", "http:"], ["https:", "https:"]]);

/**
 * A server's address as another one knows it, as a URL, or null where it is none
 * that a reader could open: it may be written without a scheme, and a server on
 * the other one's machine is not on that of a reader who sits elsewhere. A path
 * is that of a page only where the address is.
 */
export function pageAt(address: string, location: { hostname: string }): string | null {
  const url = parse(address.includes("://") ? address : `ws://${address}`);
  const scheme = schemes.get(url?.protocol ?? "");
  if (url === null || scheme === undefined) return null;
  if (isLoopback(url.hostname) && !isLoopback(location.hostname)) return null;
  return `${scheme}//${url.host}${url.protocol.startsWith("ws") ? "/" : url.pathname}`;
}

function parse(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

const isLoopback = (host: string): boolean => host === "localhost" || host.endsWith(".localhost") || host.startsWith("127.") || host === "[::1]";
