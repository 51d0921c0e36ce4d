import koffi from "koffi";

const PR_SET_NAME = 15;
const prctl = koffi.load(null).func("int prctl(int option, const char *name)") as (option: number, name: string) => number;

/**
 * Names this process, which else has the name of a thread of Node's, for ps -C, pgrep, pidof, killall and whatever watches it.
 * Its arguments stay as they are. The kernel keeps 15 bytes.
 */
export const nameProcess = (name: string): void => void prctl(PR_SET_NAME, name);
