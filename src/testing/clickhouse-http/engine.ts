import { drainPending, type RawInsertFormat, Session } from "chdb";
import { withSpace } from "../../store/disk-space.ts";
import { stringLiteral } from "../../store/query-params.ts";
import { HttpError } from "./http-error.ts";
import type { Statement } from "./statement.ts";

export interface Answer {
  readonly bytes: Uint8Array;
  readonly summary: Readonly<Record<string, string>>;
}

const rawFormats: ReadonlySet<string> = new Set([
  "JSONEachRow",
  "JSONCompactEachRow",
  "CSV",
  "CSVWithNames",
  "TSV",
  "TabSeparated",
  "TSVWithNames",
  "TabSeparatedWithNames",
]);

interface InsertHead {
  readonly table: string;
  readonly columns?: ReadonlyArray<string>;
  readonly format: RawInsertFormat;
}

const insertHead = (sql: string): InsertHead | undefined => {
  const match = /^\s*INSERT\s+INTO\s+([\w.]+)\s*(?:\(([\w\s,]+)\))?\s*FORMAT\s+(\w+)\s*;?\s*$/i.exec(sql);
  const [, table, columns, format] = match ?? [];
  if (table === undefined || format === undefined || !rawFormats.has(format)) return undefined;
  return {
    table,
    format: format as RawInsertFormat,
    ...(columns === undefined ? {} : { columns: columns.split(",").map((column) => column.trim()) }),
  };
};

// The engine gives queries ids of its own; ours travels as the comment.
const withQueryIds = (sql: string): string =>
  /^\s*KILL\s+QUERY\b/i.test(sql) ? sql.replaceAll(/\bquery_id\b/g, "Settings['log_comment']") : sql;

const isRead = (sql: string): boolean => /^\s*(SELECT|WITH|SHOW|EXISTS|DESCRIBE|KILL)\b/i.test(sql);

/** The embedded engine for many clients: every statement has a session of its own, so nothing leaks into the next. */
export class Engine {
  readonly #path: string;
  readonly #keeper: Session;
  readonly #running = new Set<string>();

  constructor(path: string) {
    this.#path = path;
    this.#keeper = new Session(path);
  }

  async execute(statement: Statement): Promise<Answer> {
    const { queryId } = statement;
    if (this.#running.has(queryId)) {
      throw new HttpError(
        216,
        "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
        `Query with id = ${queryId} is already running`,
      );
    }
    this.#running.add(queryId);
    const session = new Session(this.#path);
    try {
      this.#prepare(session, statement);
      return await (isRead(statement.sql)
        ? this.#run(session, statement)
        : // A server says so when the disk refuses a write.
          withSpace(this.#path, () => this.#run(session, statement)));
    } catch (error) {
      // The engine lets go of a failed statement only with the session's next one, and a closed session has none.
      await session.queryAsync("SELECT 1").catch(() => undefined);
      throw error;
    } finally {
      this.#running.delete(queryId);
      session.close();
    }
  }

  /** As the server does with a read whose client has gone. */
  async kill(queryId: string): Promise<void> {
    await this.#keeper.queryAsync(
      `KILL QUERY WHERE Settings['log_comment'] = ${stringLiteral(queryId)} ASYNC`,
    );
  }

  isRunning(queryId: string): boolean {
    return this.#running.has(queryId);
  }

  async close(): Promise<void> {
    this.#keeper.close();
    await drainPending();
  }

  #prepare(session: Session, { database, params, settings, queryId }: Statement): void {
    if (database !== undefined) {
      if (!/^\w+$/.test(database))
        throw new HttpError(81, "UNKNOWN_DATABASE", `Database ${database} does not exist`);
      session.query(`USE ${database}`);
    }
    // On its own, because parameters in the next statement may be long.
    session.query("SET max_query_size = 268435456");
    // `readonly` comes last: it forbids every further change.
    const assignments: ReadonlyArray<readonly [string, string]> = [
      ["log_comment", queryId],
      ...params.map(([name, value]) => [`param_${name}`, value] as const),
      ...settings.filter(([name]) => name !== "readonly"),
      ...settings.filter(([name]) => name === "readonly"),
    ];
    session.query(
      `SET ${assignments.map(([name, value]) => `${name} = ${stringLiteral(value)}`).join(", ")}`,
    );
  }

  async #run(session: Session, { sql, data, defaultFormat }: Statement): Promise<Answer> {
    const started = performance.now();
    const elapsed = () => String(Math.round((performance.now() - started) * 1e6));
    const insert = data === undefined ? undefined : insertHead(sql);
    if (data !== undefined && insert !== undefined) {
      const { rowsWritten, bytesWritten } = await session.insert({ ...insert, values: data });
      return {
        bytes: new Uint8Array(),
        summary: {
          read_rows: "0",
          read_bytes: String(data.length),
          written_rows: String(rowsWritten),
          written_bytes: String(bytesWritten),
          elapsed_ns: elapsed(),
        },
      };
    }
    const whole = data === undefined ? sql : `${sql}\n${Buffer.from(data).toString("utf8")}`;
    if (whole.trim() === "") throw new HttpError(62, "SYNTAX_ERROR", "Syntax error: empty query");
    const result = await session.queryAsync(withQueryIds(whole), { format: defaultFormat });
    return {
      bytes: result.bytes(),
      summary: {
        read_rows: String(result.rowsRead),
        read_bytes: String(result.bytesRead),
        written_rows: "0",
        written_bytes: "0",
        elapsed_ns: elapsed(),
      },
    };
  }
}
