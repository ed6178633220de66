package org.jtorch.recipes.cli;

import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/// What commands read from stdin.
final class Input {
  private Input() {}

  /// The terminal's charset; UTF-8 where the platform says nothing or only ASCII.
  static Charset charset() {
    String name = System.getProperty("stdin.encoding", "UTF-8");
    var charset = Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
    return charset.equals(StandardCharsets.US_ASCII) ? StandardCharsets.UTF_8 : charset;
  }

  /// Whether somebody types what this stream reads, rather than a pipe or a test.
  @SuppressWarnings("SystemConsoleNull")       // not null by default, but -Djdk.console chooses others
  static boolean isTerminal(InputStream in) {
    var console = System.console();
    return in == System.in && console != null && console.isTerminal();
  }
}
