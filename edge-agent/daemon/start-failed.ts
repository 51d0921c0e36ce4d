/** The agent cannot start, for a reason that is the world's. The text is for people, in dhcpd's words where it has some. */
export class StartFailed extends Error {
  override readonly name = "StartFailed";
}
