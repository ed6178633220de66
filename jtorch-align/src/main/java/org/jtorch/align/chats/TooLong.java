package org.jtorch.align.chats;

/// What becomes of a conversation that is longer than a row. Each is counted and located in [Problems].
public enum TooLong {
  /// The oldest turns go, the system's stays, until the rest fits; what does not fit then is left out.
  DROP_TURNS,
  /// It is left out.
  LEAVE_OUT,
  /// It loses its end, and with it what tells the model to stop.
  CUT_END
}
