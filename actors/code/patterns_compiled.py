"""What defines and what uses a name in Go, Rust, Java, C, C++ and Elixir: tree-sitter queries.

See `patterns` for the captures; `@owner` is the type that a function outside of it belongs to.
"""

from __future__ import annotations

from typing import Final

GO: Final = """
(package_clause (package_identifier) @name) @module
(function_declaration name: (identifier) @name) @function
(method_declaration receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @owner
    (generic_type type: (type_identifier) @owner)
    (pointer_type [(type_identifier) @owner (generic_type type: (type_identifier) @owner)])]))
  name: (field_identifier) @name) @method
(type_spec name: (type_identifier) @name type: (struct_type)) @class
(type_spec name: (type_identifier) @name type: (interface_type)) @interface
(type_spec name: (type_identifier) @name) @type
(type_alias name: (type_identifier) @name) @type
(const_spec (identifier) @name) @constant
(var_spec (identifier) @name) @variable
(type_spec type: (interface_type (method_elem name: (field_identifier) @name) @method))
(type_spec type: (struct_type (field_declaration_list
  (field_declaration name: (field_identifier) @name) @variable)))
(import_spec path: (_) @name) @import
[(function_declaration) (method_declaration) (func_literal)] @scope
"""

GO_USES: Final = """
(identifier) @name
(field_identifier) @attribute
(type_identifier) @type
(call_expression function: (identifier) @call)
(call_expression function: (selector_expression field: (field_identifier) @call))
(keyed_element . (literal_element (identifier) @keyword))
[(parameter_declaration name: (identifier) @binding)
 (variadic_parameter_declaration name: (identifier) @binding)
 (short_var_declaration left: (expression_list (identifier) @binding))
 (range_clause left: (expression_list (identifier) @binding))]
"""

RUST: Final = """
(function_item name: (identifier) @name) @function
(function_signature_item name: (identifier) @name) @function
(struct_item name: (type_identifier) @name) @class
(union_item name: (type_identifier) @name) @class
(enum_item name: (type_identifier) @name) @enum
(trait_item name: (type_identifier) @name) @interface
(type_item name: (type_identifier) @name) @type
(mod_item name: (identifier) @name) @module
(macro_definition name: (identifier) @name) @function
(const_item name: (identifier) @name) @constant
(static_item name: (identifier) @name) @constant
(enum_variant name: (identifier) @name) @constant
(struct_item body: (field_declaration_list
  (field_declaration name: (field_identifier) @name) @variable))
(impl_item type: [
  (type_identifier) @name
  (generic_type type: (type_identifier) @name)
  (scoped_type_identifier name: (type_identifier) @name)
  (generic_type type: (scoped_type_identifier name: (type_identifier) @name))]) @within
(use_declaration argument: (identifier) @name) @import
(use_declaration argument: (scoped_identifier name: (identifier) @name)) @import
(use_list (identifier) @name) @import
(use_list (scoped_identifier name: (identifier) @name)) @import
(use_as_clause alias: (identifier) @name) @import
[(function_item) (closure_expression)] @scope
"""

RUST_USES: Final = """
(identifier) @name
(field_identifier) @attribute
(type_identifier) @type
(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (field_identifier) @call))
(call_expression function: (scoped_identifier name: (identifier) @call))
(call_expression function: (generic_function function: (identifier) @call))
(call_expression function: (generic_function
  function: (scoped_identifier name: (identifier) @call)))
(macro_invocation macro: (identifier) @call)
(use_declaration argument: (scoped_identifier name: (identifier) @import))
(use_list (identifier) @import)
(use_as_clause path: (scoped_identifier name: (identifier) @import))
[(parameter pattern: (identifier) @binding) (closure_parameters (identifier) @binding)
 (let_declaration pattern: (identifier) @binding) (for_expression pattern: (identifier) @binding)
 (tuple_pattern (identifier) @binding) (mut_pattern (identifier) @binding)
 (parameter pattern: (mut_pattern (identifier) @binding))]
"""

JAVA: Final = """
(package_declaration (_) @name) @module
(class_declaration name: (identifier) @name) @class
(record_declaration name: (identifier) @name) @class
(interface_declaration name: (identifier) @name) @interface
(annotation_type_declaration name: (identifier) @name) @interface
(enum_declaration name: (identifier) @name) @enum
(method_declaration name: (identifier) @name) @method
(constructor_declaration name: (identifier) @name) @method
(compact_constructor_declaration name: (identifier) @name) @method
(annotation_type_element_declaration name: (identifier) @name) @method
(field_declaration declarator: (variable_declarator name: (identifier) @name)) @variable
(constant_declaration declarator: (variable_declarator name: (identifier) @name)) @constant
(enum_constant name: (identifier) @name) @constant
(import_declaration (scoped_identifier name: (identifier) @name)) @import
[(lambda_expression) (static_initializer)] @scope
"""

JAVA_USES: Final = """
(identifier) @name
(type_identifier) @type
(method_invocation name: (identifier) @call)
(object_creation_expression type: (type_identifier) @call)
(object_creation_expression type: (generic_type (type_identifier) @call))
(field_access field: (identifier) @attribute)
(import_declaration (scoped_identifier name: (identifier) @import))
[(formal_parameter name: (identifier) @binding) (catch_formal_parameter name: (identifier) @binding)
 (local_variable_declaration declarator: (variable_declarator name: (identifier) @binding))
 (enhanced_for_statement name: (identifier) @binding)
 (lambda_expression parameters: (identifier) @binding)
 (inferred_parameters (identifier) @binding) (resource name: (identifier) @binding)]
"""

_C_BASE: Final = """
(function_definition declarator: [
  (function_declarator declarator: (identifier) @name)
  (_ declarator: (function_declarator declarator: (identifier) @name))
  (_ declarator: (_ declarator: (function_declarator declarator: (identifier) @name)))]) @function
(declaration declarator: [
  (function_declarator declarator: (identifier) @name)
  (_ declarator: (function_declarator declarator: (identifier) @name))
  (_ declarator: (_ declarator: (function_declarator declarator: (identifier) @name)))]) @function
(type_definition type: [(struct_specifier !name) (union_specifier !name)]
  declarator: (type_identifier) @name) @class
(type_definition type: (enum_specifier !name) declarator: (type_identifier) @name) @enum
(struct_specifier name: (type_identifier) @name body: (_)) @class
(union_specifier name: (type_identifier) @name body: (_)) @class
(enum_specifier name: (type_identifier) @name body: (_)) @enum
(enumerator name: (identifier) @name) @constant
(type_definition declarator: [
  (type_identifier) @name
  (_ declarator: (type_identifier) @name)
  (function_declarator declarator: (parenthesized_declarator
    (pointer_declarator declarator: (type_identifier) @name)))]) @type
(preproc_def name: (identifier) @name) @constant
(preproc_function_def name: (identifier) @name) @function
(declaration declarator: [
  (identifier) @name
  (init_declarator declarator: (identifier) @name)
  (init_declarator declarator: (_ declarator: (identifier) @name))
  (pointer_declarator declarator: (identifier) @name)
  (array_declarator declarator: (identifier) @name)]) @variable
(field_declaration declarator: [
  (field_identifier) @name
  (_ declarator: (field_identifier) @name)
  (_ declarator: (_ declarator: (field_identifier) @name))]) @variable
(preproc_include path: (_) @name) @import
"""

C: Final = (
    _C_BASE
    + """
(function_definition) @scope
"""
)

CPP: Final = (
    """
(function_definition declarator: [
  (function_declarator declarator: [(field_identifier) (destructor_name) (operator_name)] @name)
  (_ (function_declarator declarator: [(field_identifier) (operator_name)] @name))]) @method
(field_declaration declarator: [
  (function_declarator declarator: [(field_identifier) (operator_name)] @name)
  (_ (function_declarator declarator: [(field_identifier) (operator_name)] @name))]) @method
(declaration declarator: (function_declarator
  declarator: [(destructor_name) (operator_name)] @name)) @method
(function_definition declarator: [
  (function_declarator declarator: (qualified_identifier) @name)
  (_ (function_declarator declarator: (qualified_identifier) @name))]) @method
(class_specifier name: (_) @name body: (_)) @class
(struct_specifier name: (template_type name: (_) @name) body: (_)) @class
(namespace_definition name: (_) @name) @module
(alias_declaration name: (type_identifier) @name) @type
(concept_definition name: (identifier) @name) @type
(template_declaration) @wrapper
"""
    + _C_BASE
    + """
[(function_definition) (lambda_expression)] @scope
"""
)

C_USES: Final = """
(identifier) @name
(field_identifier) @attribute
(type_identifier) @type
(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (field_identifier) @call))
(parameter_declaration declarator: (identifier) @binding)
(parameter_declaration declarator: (_ declarator: (identifier) @binding))
"""

CPP_USES: Final = (
    C_USES
    + """
(namespace_identifier) @name
(call_expression function: (qualified_identifier name: (identifier) @call))
(call_expression function: (template_function name: (identifier) @call))
(new_expression type: (type_identifier) @call)
"""
)

ELIXIR: Final = """
(call target: (identifier) @_word (arguments . (alias) @name)
  (#any-of? @_word "defmodule" "defprotocol")) @module
(call target: (identifier) @_word (arguments . (alias) @name)
  (#eq? @_word "defimpl")) @within
(call target: (identifier) @_word (arguments . [
    (identifier) @name
    (call target: (identifier) @name)
    (binary_operator left: [(identifier) @name (call target: (identifier) @name)]
      operator: "when")])
  (#any-of? @_word "def" "defp" "defmacro" "defmacrop" "defguard" "defguardp" "defdelegate"
    "defn" "defnp")) @function
((unary_operator operator: "@" operand: (call target: (identifier) @name)) @constant
  (#not-match? @name "^(moduledoc|doc|typedoc|specs?|typep?|opaque|(macro)?callback|impl|behaviour|\
derive|enforce_keys|optional_callbacks|dialyzer|compile|deprecated|since|tag|moduletag|\
describetag|external_resource|(before|after)_compile|on_load|on_definition|vsn)$"))
(unary_operator operator: "@" operand: (call target: (identifier) @_word (arguments
    (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "::"))
  (#any-of? @_word "type" "typep" "opaque"))) @type
(call target: (identifier) @_word (arguments . (alias) @name)
  (#any-of? @_word "alias" "import" "require" "use")) @import
(call target: (identifier) @_word (#any-of? @_word "def" "defp" "defmacro" "defmacrop")) @scope
(anonymous_function) @scope
"""

#: Calls in the grammar, words of the language to everybody else.
ELIXIR_WORDS: Final = frozenset(
    {
        *("def", "defp", "defmacro", "defmacrop", "defguard", "defguardp", "defdelegate"),
        *("defmodule", "defprotocol", "defimpl", "defstruct", "defexception", "defoverridable"),
        *("alias", "import", "require", "use", "if", "unless", "case", "cond", "with", "for"),
        *("quote", "unquote", "receive", "try", "raise", "_", "defn", "defnp"),
    }
)

ELIXIR_USES: Final = """
(identifier) @name
(alias) @type
(call target: (identifier) @call)
(call target: (dot right: (identifier) @call))
(call target: (identifier) @_word (arguments . (alias) @import)
  (#any-of? @_word "alias" "import" "require" "use"))
"""
