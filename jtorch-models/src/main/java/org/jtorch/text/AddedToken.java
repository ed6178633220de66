package org.jtorch.text;

/// A token beside the vocabulary of the model: an entry of `added_tokens` in a `tokenizer.json`.
///
/// @param special whether `decode` may leave it out and foreign text must not produce it
public record AddedToken(int id, String content, boolean special) {}
