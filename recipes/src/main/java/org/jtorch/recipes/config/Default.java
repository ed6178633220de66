package org.jtorch.recipes.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// The value of a record component when the recipe does not give it, as YAML text:
/// `@Default("0.1")`, `@Default("{type: cosine, floor: 0.1}")`.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Default {
  /// YAML text, bound like any value of the recipe.
  String value();
}
