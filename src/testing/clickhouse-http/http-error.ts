/** The HTTP status that a ClickHouse server gives with an error number (its src/Server/HTTP/exceptionCodeToHTTPStatus.cpp). */
const statuses: Readonly<Record<number, ReadonlyArray<number>>> = {
  400: [
    6, 8, 15, 25, 26, 27, 36, 38, 41, 44, 53, 62, 69, 72, 117, 167, 168, 223, 224, 235, 376, 427, 441, 675,
    676,
  ],
  401: [194],
  403: [192, 193, 497, 512, 516],
  404: [46, 47, 50, 56, 60, 63, 73, 81, 106, 109, 115, 336, 511],
  408: [159],
  411: [381],
  413: [229],
  501: [48],
  503: [76, 209, 439],
};

const statusByCode = new Map(
  Object.entries(statuses).flatMap(([status, codes]) => codes.map((code) => [code, Number(status)] as const)),
);

/** A failure as the server's HTTP interface gives it. */
export class HttpError extends Error {
  readonly code: number;
  readonly status: number;
  constructor(code: number, name: string, message: string) {
    super(`Code: ${code}. DB::Exception: ${message}. (${name}) (version 26.7.2.1 (embedded))\n`);
    this.code = code;
    this.status = statusByCode.get(code) ?? 500;
  }
}

/** What the embedded engine threw, as the server would answer it. */
export const toHttpError = (error: unknown): HttpError => {
  if (error instanceof HttpError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const match = /Code: (\d+)\. DB::Exception: (.*?)\.? \(([A-Z0-9_]+)\)\s*$/s.exec(text);
  if (match === null) {
    const code = /Code: (\d+)\. DB::Exception: (.*)$/s.exec(text);
    return new HttpError(Number(code?.[1] ?? 1001), "STD_EXCEPTION", code?.[2] ?? text);
  }
  return new HttpError(Number(match[1]), match[3] ?? "", match[2] ?? "");
};
