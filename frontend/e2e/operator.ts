import { execFileSync } from "node:child_process";

/** The operator's token of the stack under test: given, or minted by the stack's own command line. */
export function operatorToken(): string {
  const given = process.env["GROAT_TOKEN"];
  if (given) return given;
  // GROAT_URL is the tests' own word, and the command line refuses settings that it does not know.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !["GROAT_URL", "GROAT_CHROMIUM", "GROAT_API"].includes(name)));
  return execFileSync("../.venv/bin/groat", ["token"], { encoding: "utf8", env }).trim();
}
