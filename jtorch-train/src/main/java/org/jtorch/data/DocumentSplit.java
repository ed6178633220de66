package org.jtorch.data;

/// What one document is in a plain text file.
public enum DocumentSplit {
  /// The whole file.
  FILE,
  /// A run of lines between blank lines.
  BLANK_LINE,
  /// Every line that is not blank.
  LINE
}
