/// Recipes: YAML bound strictly to Java records.
///
/// A key that is not a record component, a value of the wrong type and a value that a record's constructor
/// refuses are all problems; [StrictYaml] collects every one of them with file, line and column, and a next step.
/// YAML never names a Java class: a sealed interface is chosen by the short name of one of its records.
@NullMarked
package org.jtorch.recipes.config;

import org.jspecify.annotations.NullMarked;
