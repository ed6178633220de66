package org.jtorch.parity;

import java.nio.file.Path;

/// Cases that a module above this one knows how to run; [ParityRunner] is given it.
public interface CaseKind {
  /// Whether these are its cases.
  ///
  /// @param kind `kind` of the case's `case.json`
  /// @param name its `case`
  boolean knows(String kind, String name);

  /// Runs the case of a folder; each comparison becomes a row of `findings`.
  void run(Path folder, Findings findings);
}
