/// Filters of lists and other things with elements.
extension TemplateEvaluator {
    mutating func apply(
        _ filter: TemplateFilter, toElements value: TemplateValue, _ arguments: TemplateParameters
    ) throws(TemplateError) -> TemplateValue {
        switch filter {
        case .length, .count: return .integer(try length(of: value))
        case .first:
            if case .iterator(let number) = value { return try take(1, from: number).first ?? .undefined("the first element") }
            return try elements(of: value).first ?? .undefined("the first element")
        case .last:
            if case .iterator = value { throw failure("last cannot take a generator; make it a list") }
            return try elements(of: value).last ?? .undefined("the last element")
        case .list: return try made(try elements(of: value))
        case .reverse:
            if case .string(let text) = value {
                return try made(String(String.UnicodeScalarView(try text.scan(&budget).unicodeScalars.reversed())))
            }
            return try generator(try elements(of: value).reversed())
        case .items:
            // As in Jinja, what is not there has no members.
            if case .undefined = value { return try generator([]) }
            guard case .mapping(let mapping) = value else { throw failure("items takes a mapping, and not \(value.kind)") }
            return try generator(try pairs(try mapping.members(&budget)))
        case .dictsort: return try sortedMembers(of: value, arguments)
        case .join:
            let separator = try arguments["d"]?.text(&budget) ?? ""
            var parts: [String] = []
            for element in try keys(of: try elements(of: value), arguments["attribute"]) {
                parts.append(try element.text(&budget))
            }
            return try joined(parts, by: separator)
        case .sort:
            let elements = try elements(of: value)
            let keys = try keys(of: elements, arguments["attribute"], several: true, ignoringCase: arguments["case_sensitive"])
            return try made(try sorted(elements, by: keys, reversed: arguments["reverse"]?.isTrue ?? false))
        case .min, .max: return try extreme(filter, try elements(of: value), arguments)
        case .sum:
            var sum = arguments["start"] ?? .integer(0)
            for element in try keys(of: try elements(of: value), arguments["attribute"]) { sum = try binary("+", sum, element) }
            return sum
        case .unique:
            let elements = try elements(of: value)
            let keys = try keys(of: elements, arguments["attribute"], ignoringCase: arguments["case_sensitive"])
            var kept: [(element: TemplateValue, key: TemplateValue)] = []
            search: for (element, key) in zip(elements, keys) {
                for other in kept where try other.key.equals(key, &budget) { continue search }
                kept.append((element, try self.key(key)))
            }
            return try generator(kept.map(\.element))
        case .groupby: return try grouped(try elements(of: value), arguments)
        case .batch: return try batches(of: try elements(of: value), arguments)
        case .slice: return try slices(of: try elements(of: value), arguments)
        default: throw failure("the filter '\(filter.rawValue)' is not supported")
        }
    }

    mutating func length(of value: TemplateValue) throws(TemplateError) -> Int {
        switch value {
        case .undefined: return 0
        case .list(let list): return list.count
        case .mapping(let mapping): return mapping.count
        case .loop(let number) where loops.indices.contains(number): return loops[number].elements.count
        case .string(let text):
            try budget.spend(text.size)
            return try text.scan(&budget).unicodeScalars.count
        default: throw failure("\(value.kind) has no length")
        }
    }

    /// Keys with their values, as tuples.
    mutating func pairs(_ members: [TemplateMapping.Member]) throws(TemplateError) -> [TemplateValue] {
        var pairs: [TemplateValue] = []
        for member in members { pairs.append(try made([member.key, member.value], .tuple)) }
        return pairs
    }

    // MARK: Attributes

    /// What an attribute of elements is: `function.name`, `0`; without a name the elements themselves.
    ///
    /// - Parameters:
    ///   - several: whether commas divide the name into several, whose values are a list.
    ///   - caseMatters: nil where case always matters; else strings are small unless it is true.
    private mutating func keys(
        of elements: [TemplateValue], _ name: TemplateValue?, several: Bool = false,
        ignoringCase caseMatters: TemplateValue?? = nil,
        otherwise: TemplateValue? = nil
    ) throws(TemplateError) -> [TemplateValue] {
        var names: [[TemplateValue]] = []
        switch name {
        case nil, .none?: break
        case .string(let text):
            let text = try text.scan(&budget)
            names = (several ? text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) : [text]).map {
                Self.path($0)
            }
        case let index?: names = [[index]]
        }
        let lowers = caseMatters.map { $0?.isTrue != true } ?? false
        var keys: [TemplateValue] = []
        for element in elements {
            var parts: [TemplateValue] = []
            for path in names {
                var value = element
                for part in path {
                    value = try item(part, of: value)
                    if case .undefined = value, let otherwise { value = otherwise }
                }
                parts.append(lowers ? try lowered(value) : value)
            }
            keys.append(
                names.isEmpty ? lowers ? try lowered(element) : element : parts.count == 1 ? parts[0] : try made(parts))
        }
        return keys
    }

    private static func path(_ name: String) -> [TemplateValue] {
        name.split(separator: ".", omittingEmptySubsequences: false).map { part in
            !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                ? Int(part).map { .integer($0) } ?? TemplateValue(text: String(part)) : TemplateValue(text: String(part))
        }
    }

    private mutating func lowered(_ value: TemplateValue) throws(TemplateError) -> TemplateValue {
        guard case .string(let text) = value else { return value }
        return try made(try text.scan(&budget).pythonLowercased)
    }

    mutating func mapped(_ elements: [TemplateValue], _ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
        if arguments.values.isEmpty, let name = arguments.named["attribute"] {
            let known = try TemplateParameters(arguments, ["attribute", "default"], of: "the filter 'map'", budget)
            let fallback: TemplateValue? = if case .none? = known["default"] { nil } else { known["default"] }
            return try generator(try keys(of: elements, name, otherwise: fallback))
        }
        // Nothing is asked of a filter that has no elements.
        if elements.isEmpty, !arguments.values.isEmpty { return try generator([]) }
        guard case .string(let text) = arguments.values.first, let filter = TemplateFilter(rawValue: try text.read(&budget))
        else {
            throw failure("map takes a filter's name or an attribute")
        }
        try budget.spend(arguments.values.count)
        let rest = arguments.dropping(1)
        var mapped: [TemplateValue] = []
        for element in elements { mapped.append(try apply(filter, to: element, rest)) }
        return try generator(mapped)
    }

    /// The elements that pass a test, or whose attribute passes it; without a test, those that are true.
    mutating func selected(
        by filter: TemplateFilter, _ elements: [TemplateValue], _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        let looksAtAttribute = filter == .selectattr || filter == .rejectattr
        let keeps = filter == .select || filter == .selectattr
        if looksAtAttribute, arguments.values.isEmpty { throw failure("\(filter.rawValue) takes an attribute") }
        let keys = looksAtAttribute ? try keys(of: elements, arguments.values[0]) : elements
        let rest = arguments.dropping(looksAtAttribute ? 1 : 0)
        var test: TemplateTest?
        if elements.isEmpty { return try generator([]) }
        if let name = rest.values.first {
            let text = try string(name, filter.rawValue)
            guard let found = TemplateTest(named: text) else { throw failure("the test '\(text)' is not supported") }
            test = found
        }
        var kept: [TemplateValue] = []
        for (element, key) in zip(elements, keys) {
            let passes = try test.map { test throws(TemplateError) in try holds(test, of: key, rest.dropping(1)) } ?? key.isTrue
            if passes == keeps { kept.append(element) }
        }
        return try generator(kept)
    }

    // MARK: Order

    /// The elements in the order of their keys; equal ones keep theirs.
    private mutating func sorted(
        _ elements: [TemplateValue], by keys: [TemplateValue], reversed: Bool
    ) throws(TemplateError) -> [TemplateValue] {
        try budget.spend(20 * elements.count)
        var order = Array(elements.indices)
        // A merge sort, whose comparisons may fail.
        var width = 1
        while width < order.count {
            var merged: [Int] = []
            for start in stride(from: 0, to: order.count, by: 2 * width) {
                var left = order[start..<min(start + width, order.count)]
                var right = order[min(start + width, order.count)..<min(start + 2 * width, order.count)]
                while let a = left.first, let b = right.first {
                    let isRightFirst = reversed ? try isLess(keys[a], keys[b]) : try isLess(keys[b], keys[a])
                    merged.append(isRightFirst ? right.removeFirst() : left.removeFirst())
                }
                merged += left + right
            }
            order = merged
            width *= 2
        }
        return order.map { elements[$0] }
    }

    private mutating func extreme(
        _ filter: TemplateFilter, _ elements: [TemplateValue], _ arguments: TemplateParameters
    ) throws(TemplateError) -> TemplateValue {
        let keys = try keys(of: elements, arguments["attribute"], ignoringCase: arguments["case_sensitive"])
        var best = 0
        for place in elements.indices.dropFirst() {
            if filter == .min ? try isLess(keys[place], keys[best]) : try isLess(keys[best], keys[place]) { best = place }
        }
        return elements.isEmpty ? .undefined("an element of an empty list") : elements[best]
    }

    private mutating func sortedMembers(
        of value: TemplateValue, _ arguments: TemplateParameters
    ) throws(TemplateError) -> TemplateValue {
        guard case .mapping(let mapping) = value else { throw failure("dictsort takes a mapping, and not \(value.kind)") }
        let by = try arguments["by"].map { value throws(TemplateError) in try string(value, "dictsort") } ?? "key"
        guard by == "key" || by == "value" else { throw failure("dictsort sorts by 'key' or by 'value'") }
        let members = try mapping.members(&budget)
        let isExact = arguments["case_sensitive"]?.isTrue ?? false
        var keys: [TemplateValue] = []
        for member in members {
            let key = by == "key" ? member.key : member.value
            keys.append(isExact ? key : try lowered(key))
        }
        let pairs = try pairs(members)
        return try made(try sorted(pairs, by: keys, reversed: arguments["reverse"]?.isTrue ?? false))
    }

    private mutating func grouped(
        _ elements: [TemplateValue], _ arguments: TemplateParameters
    ) throws(TemplateError) -> TemplateValue {
        guard let attribute = arguments["attribute"] else { throw failure("groupby takes an attribute") }
        let exact = try keys(of: elements, attribute, otherwise: arguments["default"])
        let keys = try keys(
            of: elements, attribute, ignoringCase: arguments["case_sensitive"], otherwise: arguments["default"])
        let order = try sorted(elements.indices.map { .integer($0) }, by: keys, reversed: false).compactMap(\.integer)
        var groups: [(key: TemplateValue, grouper: TemplateValue, elements: [TemplateValue])] = []
        for place in order {
            if let last = groups.last, try last.key.equals(keys[place], &budget) {
                groups[groups.count - 1].elements.append(elements[place])
            } else {
                groups.append((keys[place], exact[place], [elements[place]]))
            }
        }
        var made: [TemplateValue] = []
        for group in groups { made.append(try self.made([group.grouper, try self.made(group.elements)], .group)) }
        return try self.made(made)
    }

    private mutating func batches(
        of elements: [TemplateValue], _ arguments: TemplateParameters
    ) throws(TemplateError) -> TemplateValue {
        guard let count = arguments["linecount"]?.integer, count > 0 else { throw failure("batch takes a number of elements") }
        var batches: [TemplateValue] = []
        var start = 0
        while start < elements.count {
            let end = start + min(count, elements.count - start)
            var batch = Array(elements[start..<end])
            if let filling = arguments["fill_with"], batch.count < count {
                if case .none = filling {
                } else {
                    try budget.spend(count)
                    batch += Array(repeating: filling, count: count - batch.count)
                }
            }
            batches.append(try made(batch))
            start = end
        }
        return try generator(batches)
    }

    private mutating func slices(
        of elements: [TemplateValue], _ arguments: TemplateParameters
    ) throws(TemplateError) -> TemplateValue {
        guard let count = arguments["slices"]?.integer, count > 0 else { throw failure("slice takes a number of slices") }
        try budget.spend(count)
        let (size, longer) = elements.count.quotientAndRemainder(dividingBy: count)
        var slices: [TemplateValue] = []
        var start = 0
        for place in 0..<count {
            let end = start + size + (place < longer ? 1 : 0)
            var slice = Array(elements[start..<end])
            if let filling = arguments["fill_with"], place >= longer {
                if case .none = filling {} else { slice.append(filling) }
            }
            slices.append(try made(slice))
            start = end
        }
        return try generator(slices)
    }
}
