/// Structured pruning: masks on the neurons of feed-forward layers, learned while a model trains, and the smaller model that stays.
@NullMarked
package org.jtorch.prune;

import org.jspecify.annotations.NullMarked;
