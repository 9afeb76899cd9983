/** The program that speaks for a process that has ended before all have met: `node leave.ts <Leaving as JSON>`. */
import process from "node:process";
import { say } from "../../utils/output.ts";
import type { Leaving } from "./leaving.ts";
import { leaveMeeting, reason } from "./meeting.ts";

/** After so long the user is told what is waited for. */
const SAY_MS = 2000;

const leaving = JSON.parse(process.argv[2] ?? "") as Leaving;
const { rank, worldSize, word, joinMs } = leaving;
const parent = process.ppid;
// the one that it speaks for may be killed meanwhile
const look = setInterval(() => {
  if (process.ppid !== parent) process.exit(1);
}, 500);
const hint = setTimeout(() => {
  const limit = `at most ${joinMs / 1000} s`;
  say(
    `Rank ${rank} of ${worldSize} ends with an error, and stays until the others have heard of it, ${limit}: ${word}`,
  );
}, SAY_MS);
try {
  await leaveMeeting(leaving);
} catch (error) {
  say(`Rank ${rank} of ${worldSize} ends with an error, and not all of the others have heard of it: ${reason(error)}.`);
  process.exitCode = 1;
}
clearTimeout(hint);
clearInterval(look);
