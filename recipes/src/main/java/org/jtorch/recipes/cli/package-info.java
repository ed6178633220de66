/// The command line: `jtorch ls`, `cp`, `cat`, `validate` and what else [org.jtorch.recipes.cli.Commands] lists.
///
/// A command's class is loaded when the command is called, so `jtorch --help` stays fast.
@NullMarked
package org.jtorch.recipes.cli;

import org.jspecify.annotations.NullMarked;
