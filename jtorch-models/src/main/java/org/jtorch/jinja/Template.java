package org.jtorch.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.python.Budget;
import org.jtorch.jinja.python.FromJava;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Value;

/// A template of Jinja2, as chat templates use it.
///
/// ```java
/// var template = Template.parse("{% for m in messages %}[{{ m.role }}] {{ m.content | trim }}\n{% endfor %}");
/// String text = template.render(Map.of("messages", List.of(Map.of("role", "user", "content", "Hello"))), RenderOptions.DEFAULT);
/// ```
///
/// The text is what Jinja2 3.1 gives with the settings of transformers: `trim_blocks`, `lstrip_blocks`, loop controls, `{% generation %}`,
/// `raise_exception`, `strftime_now`, `tojson` as `json.dumps` with `ensure_ascii` off, and an immutable sandbox. What is not known
/// here is an error that names line and construct, never another text. Left out are tags that need other templates (`include`,
/// `import`, `extends`, `block`) and a few filters and methods whose results depend on chance or are HTML.
///
/// Templates come from strangers: they see strings, numbers, lists and maps, never an object of Java, and do no more than
/// [org.jtorch.jinja.python.Limits] allow. May be used from many threads.
public final class Template {
  private final List<Statement> statements;
  private final Shadows shadows;
  private final boolean marksGeneration;

  private Template(List<Statement> statements) {
    this.statements = statements;
    this.shadows = Shadows.of(statements);
    this.marksGeneration = Parser.holdsGeneration(statements);
  }

  /// @throws TemplateException if the template breaks the grammar or uses what is not known here
  public static Template parse(String source) {
    try {
      return new Template(Parser.parse(source));
    } catch (StackOverflowError e) {
      throw new TemplateException("the template is nested too deeply for this thread's stack");
    }
  }

  /// Whether a `{% generation %}` block says what the assistant wrote.
  public boolean marksGeneration() {
    return marksGeneration;
  }

  /// The variables that it reads without giving them a value or asking whether they are defined. Rendering writes nothing where
  /// one is missing.
  public Set<String> variables() {
    return FreeNames.of(statements);
  }

  /// @param variables null, booleans, numbers, strings, and lists and maps of them
  /// @throws TemplateException.Refusal if the template calls `raise_exception`
  /// @throws TemplateException if a value does not allow what is done with it, or the template does more than it may
  /// @throws IllegalArgumentException if a variable is any other object
  public String render(Map<String, ? extends @Nullable Object> variables, RenderOptions options) {
    var values = new HashMap<String, Value>();
    variables.forEach((name, value) -> values.put(name, FromJava.value(value)));
    var budget = new Budget(options.limits().plusInput(values.values().stream().mapToLong(FromJava::characters).sum()));
    var root = new Scope(Globals.scope(budget, options.clock()));
    values.forEach(root::set);
    try {
      return new Renderer(budget, options, shadows).template(statements, root);
    } catch (PythonException e) {
      throw new TemplateException(String.valueOf(e.getMessage()));
    } catch (StackOverflowError e) {
      throw new TemplateException("values are nested too deeply for this thread's stack");
    }
  }
}
