package org.jtorch.recipes.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// The name of a record in YAML (`type: adamw`), where its simple name in kebab case (`adam-w`) is not wanted.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Named {
  /// The name written after `type:`.
  String value();
}
