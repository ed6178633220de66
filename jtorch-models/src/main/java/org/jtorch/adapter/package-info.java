/// Small trained additions to a frozen model: LoRA with its relatives, and virtual tokens; in PEFT's files.
@NullMarked
package org.jtorch.adapter;

import org.jspecify.annotations.NullMarked;
