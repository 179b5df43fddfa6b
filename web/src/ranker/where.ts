// Where the hub's page is, seen from the reader.

const schemes = new Map([["ws:", "http:"], ["wss:", "https:"], ["http:", "http:"], ["https:", "https:"]]);

/**
 * The hub's address as the ranker knows it, a URL, or null where it is none that
 * a reader could open: it may be written without a scheme, and a hub on the
 * ranker's own machine is not on that of a reader who sits elsewhere.
 */
export function hubPage(address: string, location: { hostname: string }): string | null {
  const url = parse(address.includes("://") ? address : `ws://${address}`);
  const scheme = schemes.get(url?.protocol ?? "");
  if (url === null || scheme === undefined) return null;
  if (isLoopback(url.hostname) && !isLoopback(location.hostname)) return null;
  return `${scheme}//${url.host}/`;
}

function parse(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

const isLoopback = (host: string): boolean => host === "localhost" || host.endsWith(".localhost") || host.startsWith("127.") || host === "[::1]";
