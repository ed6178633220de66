package org.jtorch.decoder;

import org.jtorch.attention.AttentionConfig;
import org.jtorch.ffn.FeedForwardConfig;

/// One layer of a decoder: what attends and what feeds forward. Layers of one model may differ.
public record BlockConfig(AttentionConfig attention, FeedForwardConfig feedForward) {}
