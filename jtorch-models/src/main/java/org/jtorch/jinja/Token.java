package org.jtorch.jinja;

/// A piece of a template.
///
/// @param text what stands there; of a string what it means
record Token(Kind kind, String text, int line) {
  enum Kind {
    DATA("text"), BLOCK_BEGIN("{%"), BLOCK_END("%}"), VARIABLE_BEGIN("{{"), VARIABLE_END("}}"), NAME("a name"), STRING("a string"),
    INTEGER("an integer"), FLOAT("a float"), OPERATOR("an operator"), END("the end of the template");

    final String words;

    Kind(String words) {
      this.words = words;
    }
  }

  boolean is(String operator) {
    return kind == Kind.OPERATOR && text.equals(operator);
  }

  boolean isName(String name) {
    return kind == Kind.NAME && text.equals(name);
  }

  /// How errors call it.
  String describe() {
    return switch (kind) {
      case NAME, OPERATOR, INTEGER, FLOAT -> "`" + text + "`";
      case STRING -> "the string \"" + (text.length() > 40 ? text.substring(0, 40) + "…" : text) + "\"";
      default -> kind.words;
    };
  }
}
