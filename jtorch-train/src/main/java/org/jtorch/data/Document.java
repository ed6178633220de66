package org.jtorch.data;

/// One text and where it came from: `file:line` or a file name.
public record Document(String text, String source) {}
