package org.jtorch.recipes.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The JSON Schema (draft 2020-12) of a recipe, for editors and for `jtorch cat --schema`.
public final class Schema {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final ObjectNode definitions = JSON.objectNode();
  private final Kinds kinds;

  private Schema(Kinds kinds) {
    this.kinds = kinds;
  }

  /// The schema of a recipe that binds to this record.
  public static JsonNode of(Class<?> record, Kinds kinds) {
    var schema = new Schema(kinds);
    var root = JSON.objectNode();
    root.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    root.put("title", Names.type(record));
    root.setAll(schema.block(record, Typed.NO));
    var properties = (ObjectNode) root.get("properties");
    if (!properties.has("type")) {
      var type = properties.putObject("type").put("description", "what kind of recipe this is").put("type", "string");
      if (record.isAnnotationPresent(Named.class)) type.put("const", Names.type(record));
    }
    properties.set("extends", JSON.objectNode().put("type", "string").put("description", "the recipe this one is laid over"));
    if (!schema.definitions.isEmpty()) root.set("$defs", schema.definitions);
    return root;
  }

  /// Whether a block says its `type`.
  private enum Typed { NO, MAY, MUST }

  private ObjectNode block(Class<?> record, Typed typed) {
    var node = JSON.objectNode().put("type", "object");
    var doc = record.getAnnotation(Doc.class);
    if (doc != null) node.put("description", doc.value());
    var properties = node.putObject("properties");
    var required = JSON.arrayNode();
    if (typed != Typed.NO) {
      properties.putObject("type").put("const", Names.type(record));
    }
    if (typed == Typed.MUST) {
      required.add("type");
    }
    for (Key key : Key.of(record).values()) {
      properties.set(key.name(), property(key));
      if (key.required()) required.add(key.name());
    }
    if (!required.isEmpty()) node.set("required", required);
    return node.put("additionalProperties", false);
  }

  private ObjectNode property(Key key) {
    var node = type(key.type());
    if (key.nullable()) {
      var either = JSON.objectNode();
      either.putArray("anyOf").add(node).addObject().put("type", "null");
      node = either;
    }
    if (!key.doc().isEmpty()) node.put("description", key.doc());
    if (key.fallback() != null) {
      node.set("default", json(YamlReader.value(key.fallback(), Origin.file("default", 1, 1), new ArrayList<>()), key.type()));
    }
    return node;
  }

  private ObjectNode type(Type type) {
    if (type instanceof ParameterizedType p) {
      var node = JSON.objectNode();
      boolean list = p.getRawType() == List.class;
      node.put("type", list ? "array" : "object");
      node.set(list ? "items" : "additionalProperties", type(p.getActualTypeArguments()[list ? 0 : 1]));
      return node;
    }
    var c = (Class<?>) type;
    if (c == int.class || c == Integer.class || c == long.class || c == Long.class) {
      return JSON.objectNode().put("type", "integer");
    }
    if (c == double.class || c == Double.class) return JSON.objectNode().put("type", "number");
    if (c == boolean.class || c == Boolean.class) return JSON.objectNode().put("type", "boolean");
    if (c == String.class || c == Path.class || c == Reference.class) return JSON.objectNode().put("type", "string");
    if (c.isEnum()) return names(Scalars.constants(c));
    if (c == Shared.class) return JSON.objectNode().put("type", "object");
    String name = c.getSimpleName();
    if (!definitions.has(name)) {
      definitions.putObject(name);
      definitions.set(name, kinds.isChoice(c) ? choice(c) : block(c, Typed.NO));
    }
    return JSON.objectNode().put("$ref", "#/$defs/" + name);
  }

  private ObjectNode choice(Class<?> sealed) {
    var node = JSON.objectNode();
    var doc = sealed.getAnnotation(Doc.class);
    if (doc != null) node.put("description", doc.value());
    var any = node.putArray("oneOf");
    var bare = new ArrayList<String>();
    var meant = sealed.getAnnotation(DefaultType.class);
    kinds.of(sealed).forEach((name, record) -> {
      any.add(block(record, meant != null && meant.value().equals(name) ? Typed.MAY : Typed.MUST));
      if (Key.of(record).values().stream().noneMatch(Key::required)) bare.add(name);
    });
    if (!bare.isEmpty()) any.add(names(bare));
    return node;
  }

  private static ObjectNode names(List<String> names) {
    var node = JSON.objectNode();
    var values = node.putArray("enum");
    names.forEach(values::add);
    return node;
  }

  /// A default as JSON; scalars become numbers and booleans where the text reads as one and the type is no text.
  private static JsonNode json(Tree tree, Type type) {
    return switch (tree) {
      case Tree.Sequence s -> {
        var array = JSON.arrayNode();
        s.items().forEach(t -> array.add(json(t, Object.class)));
        yield array;
      }
      case Tree.Mapping m -> {
        var object = JSON.objectNode();
        m.entries().forEach((k, e) -> object.set(k, json(e.value(), Object.class)));
        yield object;
      }
      case Tree.Scalar(var text, _, _) when text == null -> JSON.nullNode();
      case Tree.Scalar(var text, boolean quoted, _) ->
          quoted || type == String.class || type == Path.class ? JSON.textNode(text) : literal(text);
    };
  }

  private static JsonNode literal(String text) {
    for (Class<?> type : List.<Class<?>>of(long.class, double.class, boolean.class)) {
      try {
        return switch (Scalars.convert(type, text, false)) {
          case Long n -> JSON.numberNode(n);
          case Double d -> JSON.numberNode(d);
          case Boolean b -> JSON.booleanNode(b);
          default -> JSON.textNode(text);
        };
      } catch (IllegalArgumentException _) {
        // the text is no value of this type; the next may fit
      }
    }
    return JSON.textNode(text);
  }
}
