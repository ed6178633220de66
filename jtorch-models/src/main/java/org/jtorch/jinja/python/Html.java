package org.jtorch.jinja.python;

/// markupsafe's escaping.
public final class Html {
  private Html() {}

  /// The text, escaped unless it is safe already.
  public static String escape(Value.Str text) {
    return text.safe() ? text.text() : escape(text.text());
  }

  public static String escape(String text) {
    return text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;").replace("'", "&#39;").replace("\"", "&#34;");
  }
}
