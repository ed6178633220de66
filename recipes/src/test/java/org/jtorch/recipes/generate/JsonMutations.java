package org.jtorch.recipes.generate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Small damages of JSON: values of other kinds and at other places, numbers beyond limits, keys that are gone, strings with a
/// character more or fewer.
final class JsonMutations {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<Object> VALUES = Arrays.asList(null, true, false, -1, 0, 1, 2, 7, 300, 65_536, 2_147_483_647L, 4_294_967_296L,
      -9_223_372_036_854_775_808L, 1e308, -0.5, "", "a", "\u2581", "##", "<unk>", "\ud800x", "x\udc00", "(a+)+$", "\\p{L}*", "\u0000",
      "../x.safetensors", "F16", "BF16", "I64", "yarn", "dynamic", "mistral", "mixtral", "qwen2", "qwen2_moe",
      "qwen3", "gemma2", "hello world hello", "\ud83e\udd8a", "\uFEFF");
  /// Of a vocabulary of thousands as many children as of a list of few.
  private static final int MOST_CHILDREN = 40;
  private final Random random;

  private record Place(ContainerNode<?> in, String key, int index) {
    JsonNode get() {
      return in instanceof ObjectNode o ? o.path(key) : in.path(index);
    }

    void set(JsonNode value) {
      if (in instanceof ObjectNode o) {
        o.set(key, value);
      } else if (in instanceof ArrayNode a) {
        a.set(index, value);
      }
    }

    void remove() {
      if (in instanceof ObjectNode o) {
        o.remove(key);
      } else if (in instanceof ArrayNode a) {
        a.remove(index);
      }
    }
  }

  JsonMutations(Random random) {
    this.random = random;
  }

  /// Damages a tree at one place.
  void damage(JsonNode tree) {
    var places = new ArrayList<Place>();
    collect(tree, places);
    if (places.isEmpty()) {
      return;
    }
    Place place = places.get(random.nextInt(places.size()));
    switch (random.nextInt(6)) {
      case 0, 1 -> place.set(value());
      case 2 -> place.remove();
      case 3 -> place.set(places.get(random.nextInt(places.size())).get().deepCopy());
      case 4 -> twice(place);
      default -> place.set(near(place.get()));
    }
  }

  private void twice(Place place) {
    if (place.in() instanceof ArrayNode a) {
      a.add(place.get().deepCopy());
    } else if (place.in() instanceof ObjectNode o) {
      o.set(place.key() + (random.nextBoolean() ? "x" : "\ud800"), place.get().deepCopy());
    }
  }

  private static void collect(JsonNode node, List<Place> into) {
    int children = 0;
    if (node instanceof ObjectNode object) {
      for (var child : object.properties()) {
        if (children++ < MOST_CHILDREN) {
          into.add(new Place(object, child.getKey(), -1));
          collect(child.getValue(), into);
        }
      }
    }
    if (node instanceof ArrayNode array) {
      for (int i = 0; i < Math.min(array.size(), MOST_CHILDREN); i++) {
        into.add(new Place(array, "", i));
        collect(array.get(i), into);
      }
    }
  }

  private JsonNode value() {
    int choice = random.nextInt(VALUES.size() + 2);
    return choice < VALUES.size() ? JSON.valueToTree(VALUES.get(choice))
        : choice == VALUES.size() ? JSON.createArrayNode() : JSON.createObjectNode();
  }

  private JsonNode near(JsonNode value) {
    if (value.isNumber()) {
      return JSON.valueToTree(value.asLong() + random.nextInt(5) - 2);
    }
    if (!value.isTextual() || value.textValue().isEmpty()) {
      return value();
    }
    String text = value.textValue();
    int at = random.nextInt(text.length());
    return TextNode.valueOf(switch (random.nextInt(3)) {
      case 0 -> text.substring(0, at);
      case 1 -> text.substring(0, at) + (char) (' ' + random.nextInt(96)) + text.substring(at);
      default -> text.substring(0, at) + text.substring(at + 1);
    });
  }
}
