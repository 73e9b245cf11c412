"""Facts about a piece of Python by CPython's own symtable: the reference that the compiler's are held against.

SPDX-License-Identifier: Apache-2.0
"""
import ast
import symtable

COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp", "genexpr")


def is_later(table):
    """Functions and lambdas run when they are called; classes and comprehensions where they stand."""
    return table.get_type() == "function" and table.get_name() not in COMPREHENSIONS or \
        str(table.get_type()).lower() in ("type alias", "typevar bound", "type variable")


def visit(table, later, facts):
    later = later or is_later(table)
    module = table.get_type() == "module"
    for symbol in table.get_symbols():
        if not (module or symbol.is_global()):
            continue
        if symbol.is_referenced():
            facts["later_reads" if later else "reads"].add(symbol.get_name())
        if symbol.is_assigned() or symbol.is_imported() or (module and symbol.is_namespace()):
            facts["later_binds" if later else "binds"].add(symbol.get_name())
    for child in table.get_children():
        visit(child, later, facts)


class Augmented(ast.NodeVisitor):
    """What symtable doesn't tell: `x += 1` reads x; `del x` needs x and binds nothing; `x: int` binds nothing."""

    def __init__(self, facts):
        self.facts, self.bound, self.only = facts, set(), set()
        self.deleted = set()

    def visit_FunctionDef(self, node):
        self.bound.add(node.name)

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef

    def visit_Lambda(self, node):
        pass

    def visit_AugAssign(self, node):
        if isinstance(node.target, ast.Name):
            self.facts["reads"].add(node.target.id)
        self.generic_visit(node)

    def visit_AnnAssign(self, node):
        if isinstance(node.target, ast.Name) and node.value is None:
            self.only.add(node.target.id)
        else:
            self.generic_visit(node)

    def visit_alias(self, node):
        self.bound.add((node.asname or node.name).split(".")[0])

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Store):
            self.bound.add(node.id)
        if isinstance(node.ctx, ast.Del):
            self.deleted.add(node.id)


def facts_of(source):
    """{"binds", "reads", "later_reads", "later_binds", "deletes"}: sorted lists, as `--stop-after=syntax` prints them."""
    facts = {key: set() for key in ("binds", "reads", "later_reads", "later_binds")}
    visit(symtable.symtable(source, "cell", "exec"), False, facts)
    more = Augmented(facts)
    more.visit(ast.parse(source))
    facts["binds"] -= (more.deleted | more.only) - more.bound
    facts["reads"] |= more.deleted
    facts["deletes"] = more.deleted
    return {key: sorted(value) for key, value in facts.items()}
