"""What defines and what uses a name in Python, JavaScript and TypeScript: tree-sitter queries.

A definition names its kind by a capture (`@function`, `@class`...) and its name by `@name`, or the
pattern that binds several by `@targets`. `@scope` is a body whose variables are nobody else's
business, `@open` a body that is none after all, and `@within` owns what stands inside it without
being a symbol itself.
"""

from __future__ import annotations

from typing import Final

PYTHON: Final = """
(function_definition name: (identifier) @name) @function
(class_definition name: (identifier) @name) @class
(assignment left: (identifier) @name) @variable
(assignment left: [(pattern_list) (tuple_pattern) (list_pattern)] @targets) @variable
(named_expression name: (identifier) @name) @variable
(type_alias_statement left: (type (identifier) @name)) @type
(type_alias_statement left: (type (generic_type . (identifier) @name))) @type
(import_statement name: (dotted_name) @name) @import
(import_statement name: (aliased_import alias: (identifier) @name)) @import
(import_from_statement name: (dotted_name) @name) @import
(import_from_statement name: (aliased_import alias: (identifier) @name)) @import
(lambda) @scope
(decorated_definition) @wrapper
"""

PYTHON_USES: Final = """
(identifier) @name
(call function: (identifier) @call)
(call function: (attribute attribute: (identifier) @call))
(attribute attribute: (identifier) @attribute)
(decorator (identifier) @call)
(decorator (attribute attribute: (identifier) @call))
(keyword_argument name: (identifier) @keyword)
(type (identifier) @type)
(type (generic_type . (identifier) @type))
(class_definition superclasses: (argument_list (identifier) @type))
(class_definition superclasses: (argument_list (attribute attribute: (identifier) @type)))
(import_from_statement name: (dotted_name (identifier) @import))
(import_from_statement name: (aliased_import name: (dotted_name (identifier) @import)))
(import_statement name: (dotted_name (identifier) @import))
(import_statement name: (aliased_import name: (dotted_name (identifier) @import)))
[(parameters (identifier) @binding) (lambda_parameters (identifier) @binding)
 (default_parameter name: (identifier) @binding)
 (typed_parameter . (identifier) @binding)
 (typed_default_parameter name: (identifier) @binding)
 (list_splat_pattern (identifier) @binding) (dictionary_splat_pattern (identifier) @binding)
 (for_statement left: (identifier) @binding)
 (for_statement left: (_ (identifier) @binding))
 (for_in_clause left: (identifier) @binding)
 (for_in_clause left: (_ (identifier) @binding))
 (as_pattern_target (identifier) @binding)]
"""

_SCRIPT: Final = """
(function_declaration name: (identifier) @name) @function
(generator_function_declaration name: (identifier) @name) @function
(variable_declarator name: (identifier) @name
  value: [(arrow_function) (function_expression) (generator_function)]) @function
(assignment_expression left: (member_expression
    property: [(property_identifier) (private_property_identifier)] @name)
  right: [(arrow_function) (function_expression) (generator_function)]) @function
(class_declaration name: (_) @name) @class
(class name: (_) @name) @class
(variable_declarator name: (identifier) @name value: (class)) @class
(method_definition name: (_) @name) @method
(pair key: [(property_identifier) (string) (computed_property_name)] @name
  value: [(arrow_function) (function_expression) (generator_function)]) @method
(lexical_declaration kind: "const" (variable_declarator name: (identifier) @name) @constant)
(lexical_declaration kind: "const"
  (variable_declarator name: [(object_pattern) (array_pattern)] @targets) @constant)
(variable_declarator name: (identifier) @name) @variable
(variable_declarator name: [(object_pattern) (array_pattern)] @targets) @variable
(import_specifier !alias name: (_) @name) @import
(import_specifier alias: (_) @name) @import
(import_clause (identifier) @name) @import
(namespace_import (identifier) @name) @import
[(arrow_function) (function_expression) (generator_function) (function_declaration)
 (method_definition) (class_static_block) (statement_block) (switch_body) (for_statement)
 (for_in_statement)] @scope
(export_statement) @wrapper
"""

JAVASCRIPT: Final = (
    _SCRIPT
    + """
(field_definition property: (_) @name
  value: [(arrow_function) (function_expression)]) @method
(field_definition property: (_) @name) @variable
"""
)

TYPESCRIPT: Final = (
    _SCRIPT
    + """
(function_signature name: (identifier) @name) @function
(abstract_class_declaration name: (type_identifier) @name) @class
(interface_declaration name: (type_identifier) @name) @interface
(enum_declaration name: (identifier) @name) @enum
(enum_body [(property_identifier) (string)] @name @constant)
(enum_assignment name: (_) @name) @constant
(type_alias_declaration name: (type_identifier) @name) @type
(internal_module name: (_) @name body: (statement_block)? @open) @module
(module name: (_) @name body: (statement_block)? @open) @module
(ambient_declaration "global" (statement_block) @open)
(interface_declaration body: (interface_body (method_signature name: (_) @name) @method))
(interface_declaration body: (interface_body (property_signature name: (_) @name) @variable))
(class_body (method_signature name: (_) @name) @method)
(abstract_method_signature name: (_) @name) @method
(public_field_definition name: (_) @name
  value: [(arrow_function) (function_expression)]) @method
(public_field_definition name: (_) @name) @variable
(import_require_clause (identifier) @name) @import
(import_alias . (identifier) @name) @import
"""
)

_SCRIPT_USES: Final = """
[(identifier) (shorthand_property_identifier)] @name
(property_identifier) @attribute
(call_expression function: (identifier) @call)
(call_expression function: (member_expression property: (property_identifier) @call))
(new_expression constructor: (identifier) @call)
(new_expression constructor: (member_expression property: (property_identifier) @call))
(import_specifier name: (identifier) @import)
(import_clause (identifier) @import)
(pair key: (property_identifier) @keyword)
[(arrow_function parameter: (identifier) @binding)
 (catch_clause parameter: (identifier) @binding)
 (shorthand_property_identifier_pattern) @binding
 (rest_pattern (identifier) @binding)
 (array_pattern (identifier) @binding)
 (pair_pattern value: (identifier) @binding)
 (assignment_pattern left: (identifier) @binding)
 (for_in_statement left: (identifier) @binding)]
"""

JSX_USES: Final = """
(jsx_opening_element name: (identifier) @call)
(jsx_self_closing_element name: (identifier) @call)
"""

JAVASCRIPT_USES: Final = (
    _SCRIPT_USES
    + JSX_USES
    + """
(class_heritage (identifier) @type)
(formal_parameters (identifier) @binding)
"""
)

TYPESCRIPT_USES: Final = (
    _SCRIPT_USES
    + """
(type_identifier) @type
(extends_clause value: (identifier) @type)
(required_parameter pattern: (identifier) @binding)
(optional_parameter pattern: (identifier) @binding)
"""
)

TSX_USES: Final = TYPESCRIPT_USES + JSX_USES
