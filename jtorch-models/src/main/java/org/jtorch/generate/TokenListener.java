package org.jtorch.generate;

/// Sees tokens as they are made, for streaming.
@FunctionalInterface
public interface TokenListener {
  TokenListener NONE = (_, _, _) -> {};

  /// @param row which prompt
  /// @param index how many tokens the row had before this one; a stop token is reported too, the filling after it is not
  void onToken(int row, long token, int index);

  /// Asked behind each [#onToken]: whether the row ends with that token, as it does with a stop token.
  default boolean ends(int row) {
    return false;
  }
}
