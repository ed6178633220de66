package org.jtorch.jinja;

/// A template that cannot be read or rendered. The message names the line and what stands there.
public class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int line;

  TemplateException(int line, String problem) {
    super("line " + line + ": " + problem);
    this.line = line;
  }

  TemplateException(String problem) {
    super(problem);
    this.line = 0;
  }

  /// The line of the template, counted from 1; 0 if no single line is at fault.
  public int line() {
    return line;
  }

  /// The template called `raise_exception`: it refuses what it was given. The message is the template's own.
  public static final class Refusal extends TemplateException {
    private static final long serialVersionUID = 1;

    Refusal(String message) {
      super(message);
    }
  }
}
