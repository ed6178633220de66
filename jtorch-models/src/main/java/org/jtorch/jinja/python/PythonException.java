package org.jtorch.jinja.python;

/// What Python would raise as a TypeError, ValueError or the like. The interpreter adds the place in the template.
public final class PythonException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public PythonException(String message) {
    super(message);
  }

  /// As Python words it: `unsupported operand type(s) for -: 'str' and 'int'`.
  static PythonException operands(String operator, Value left, Value right) {
    return new PythonException("unsupported operand type(s) for " + operator + ": '" + left.type() + "' and '" + right.type() + "'");
  }
}
