/** Rows of cells as RFC 4180 defines them, told apart from what was quoted. Throws for anything else. */
export const parseCsv = (text: string): ReadonlyArray<ReadonlyArray<string>> => {
  const rows: Array<ReadonlyArray<string>> = [];
  let row: Array<string> = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === '"') {
      let cell = "";
      for (at += 1; ; at += 2) {
        const end = text.indexOf('"', at);
        if (end < 0) throw new Error("a quoted cell does not end");
        cell += text.slice(at, end);
        at = end;
        if (text[at + 1] !== '"') break;
        cell += '"';
      }
      at += 1;
      row.push(cell);
    } else {
      const [cell = ""] = /^[^",\r\n]*/.exec(text.slice(at, at + 4096)) ?? [];
      at += cell.length;
      row.push(cell);
    }
    if (text[at] === ",") at += 1;
    else if (text.startsWith("\r\n", at)) {
      at += 2;
      rows.push(row);
      row = [];
    } else throw new Error(`${JSON.stringify(text.slice(at, at + 20))} follows a cell`);
  }
  if (row.length > 0) throw new Error("the last row has no end");
  return rows;
};
