extension TemplateEvaluator {
    mutating func value(of expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
        try budget.descend()
        defer { budget.ascend() }
        try budget.spend(0)
        switch expression.kind {
        case .none: return .none
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .real(let value): return .real(value)
        case .string(let text): return TemplateValue(text: text)
        case .name(let name): return try value(ofName: name)
        case .list(let elements): return try made(try values(of: elements))
        case .tuple(let elements): return try made(try values(of: elements), .tuple)
        case .mapping(let members): return try mapping(members)
        case .attribute(let object, let name): return try member(name, of: try value(of: object))
        case .item(let object, let index): return try item(try value(of: index), of: try value(of: object))
        case .slice(let object, let from, let to, let step):
            return try slice(of: try value(of: object), try optional(from), try optional(to), try optional(step))
        case .call(let function, let arguments): return try call(try value(of: function), arguments)
        case .filter(let operand, let call):
            return try apply(call.filter, to: try value(of: operand), try arguments(call.arguments))
        case .test(let operand, let test, let arguments):
            return .bool(try holds(test, of: try value(of: operand), try self.arguments(arguments)))
        case .not(let operand): return .bool(!(try value(of: operand).isTrue))
        case .negative(let operand): return try negated(try value(of: operand))
        case .positive(let operand):
            let value = try value(of: operand)
            guard value.number != nil else { throw failure("'+' cannot take \(value.kind)") }
            return value.integer.map { .integer($0) } ?? value
        case .and(let left, let right):
            let left = try value(of: left)
            return left.isTrue ? try value(of: right) : left
        case .or(let left, let right):
            let left = try value(of: left)
            return left.isTrue ? left : try value(of: right)
        case .binary(let symbol, let left, let right): return try binary(symbol, try value(of: left), try value(of: right))
        case .comparison(let first, let parts): return .bool(try compare(first, parts))
        case .conditional(let condition, let then, let otherwise):
            if try value(of: condition).isTrue { return try value(of: then) }
            return try optional(otherwise) ?? .undefined("else")
        }
    }

    private mutating func optional(_ expression: TemplateExpression?) throws(TemplateError) -> TemplateValue? {
        guard let expression else { return nil }
        return try value(of: expression)
    }

    private mutating func values(of expressions: [TemplateExpression]) throws(TemplateError) -> [TemplateValue] {
        try expressions.map { expression throws(TemplateError) in try value(of: expression) }
    }

    private mutating func mapping(
        _ members: [(key: TemplateExpression, value: TemplateExpression)]
    ) throws(TemplateError) -> TemplateValue {
        var mapping = TemplateMapping([])
        for member in members {
            try mapping.set(try key(try value(of: member.key)), to: try value(of: member.value), &budget)
        }
        return .mapping(mapping)
    }

    /// `object.name`: a method where there is one, else a member.
    private mutating func member(_ name: String, of object: TemplateValue) throws(TemplateError) -> TemplateValue {
        if let method = TemplateMethod(name, of: object) { return .function(.method(method, of: object)) }
        switch object {
        case .undefined: throw failure("'\(name)' is asked of \(object.kind)")
        case .mapping(let mapping): return try mapping.value(named: name, &budget) ?? .undefined(name)
        case .namespace(let number): return try member(name, ofNamespace: number)
        case .loop(let number): return try member(name, ofLoop: number)
        case .list(let list) where list.kind == .group:
            return ["grouper": 0, "list": 1][name].flatMap { list[$0] } ?? .undefined(name)
        default: return .undefined(name)
        }
    }

    private mutating func member(_ name: String, ofLoop number: Int) throws(TemplateError) -> TemplateValue {
        guard loops.indices.contains(number) else { throw failure("'loop' is used outside its loop") }
        let state = loops[number]
        let (index, count) = (state.index, state.elements.count)
        switch name {
        case "index0": return .integer(index)
        case "index": return .integer(index + 1)
        case "first": return .bool(index == 0)
        case "last": return .bool(index == count - 1)
        case "length": return .integer(count)
        case "revindex": return .integer(count - index)
        case "revindex0": return .integer(count - index - 1)
        case "previtem": return index > 0 ? state.elements[index - 1] : .undefined("loop.previtem")
        case "nextitem": return index + 1 < count ? state.elements[index + 1] : .undefined("loop.nextitem")
        case "depth": return .integer(state.depth)
        case "depth0": return .integer(state.depth - 1)
        case "cycle": return .function(.cycle(number))
        case "changed": return .function(.changed(number))
        default: return .undefined(name)
        }
    }

    /// `object[index]`: a member where there is one, else a method of this name.
    mutating func item(_ index: TemplateValue, of object: TemplateValue) throws(TemplateError) -> TemplateValue {
        let found: TemplateValue?
        switch (object, index) {
        case (.undefined, _): throw failure("an item is asked of \(object.kind)")
        case (.mapping(let mapping), _): found = try mapping.value(of: index, &budget)
        case (.list(let list), _):
            if case .view = list.kind { found = nil } else { found = index.integer.flatMap { list[$0] } }
        case (.string(let text), _):
            let character = try index.integer.map { number throws(TemplateError) in
                Self.character(number, of: try text.scan(&budget))
            }
            found = try character?.map { scalar throws(TemplateError) in try made(String(scalar)) }
        default: found = nil
        }
        if let found { return found }
        guard case .string(let name) = index else { return .undefined("an item of \(object.kind)") }
        let text = try name.read(&budget)
        if case .mapping = object {
            return TemplateMethod(text, of: object).map { .function(.method($0, of: object)) } ?? .undefined(text)
        }
        return try member(text, of: object)
    }

    /// A character by its index; negative indices count from the end.
    private static func character(_ index: Int, of text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        if index >= 0 { return scalars.dropFirst(index).first }
        guard index > -1 - text.utf8.count else { return nil }
        let rest = scalars.suffix(-index)
        return rest.count == -index ? rest.first : nil
    }

    private mutating func slice(
        of object: TemplateValue, _ from: TemplateValue?, _ to: TemplateValue?, _ step: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        for bound in [from, to, step] {
            if let bound, bound.integer == nil, case .none = bound {
            } else if let bound, bound.integer == nil {
                throw failure("a slice's bound is \(bound.kind)")
            }
        }
        let step = step?.integer ?? 1
        guard step != 0 else { throw failure("a slice's step is 0") }
        func indices(_ count: Int) -> [Int] {
            func clamped(_ value: TemplateValue?, otherwise: Int) -> Int {
                guard let index = value?.integer else { return otherwise }
                let place = index < 0 ? max(index, -count - 1) + count : index
                return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
            }
            let first = clamped(from, otherwise: step > 0 ? 0 : count - 1)
            let distance = (clamped(to, otherwise: step > 0 ? count : -1) - first) * step.signum()
            guard distance > 0 else { return [] }
            // The last of them lies within the list, so no product overflows.
            return (0...Int((distance - 1).magnitude / step.magnitude)).map { first + $0 * step }
        }
        switch object {
        case .list(let list):
            let elements = try list.elements(&budget)
            if case .view = list.kind { throw failure("\(object.kind) cannot be sliced") }
            return try made(indices(elements.count).map { elements[$0] }, list.kind == .group ? .tuple : list.kind)
        case .string(let text):
            let scalars = Array(try text.scan(&budget).unicodeScalars)
            var result = String.UnicodeScalarView()
            result.append(contentsOf: indices(scalars.count).map { scalars[$0] })
            return try made(String(result))
        default: throw failure("\(object.kind) cannot be sliced")
        }
    }
}
