// One line for each test, for the Go test that runs this, and what a failed one said.

export default async function* report(source) {
  for await (const { type, data } of source) {
    if (data?.details?.type === "suite" || data?.name?.endsWith(".test.js") || data?.skip) continue;
    if (type === "test:pass") yield `ok ${Math.round(data.details.duration_ms)} ${data.name}\n`;
    if (type === "test:fail") {
      const error = data.details.error?.cause ?? data.details.error;
      yield `FAIL ${Math.round(data.details.duration_ms)} ${data.name}\n`;
      for (const line of String(error?.stack ?? error).split("\n")) yield `  ${line}\n`;
    }
    if (type === "test:stderr") yield `  ${data.message.trimEnd().replaceAll("\n", "\n  ")}\n`;
  }
}
