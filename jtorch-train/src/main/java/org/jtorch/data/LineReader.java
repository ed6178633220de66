package org.jtorch.data;

import java.io.BufferedReader;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Reads a text file line by line and knows where it is.
abstract class LineReader implements DocumentReader {
  private final BufferedReader in;
  private final String name;
  private long number;

  LineReader(BufferedReader in, String name) {
    this.in = in;
    this.name = name;
  }

  final @Nullable String line() throws IOException {
    number++;
    return in.readLine();
  }

  @Override
  public final String place() {
    return name + ":" + number;
  }

  @Override
  public final void close() throws IOException {
    in.close();
  }
}
