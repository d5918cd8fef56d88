import BuildModel

/// A glob pattern for relative paths: `*` and `?` within a component, `[a-z]` and `[!a-z]`, `**` for any number of components.
///
/// A pattern without a slash matches a file's last component. Matching takes time in proportion to the pattern's length times
/// the path's.
struct PathPattern: Hashable, Sendable {
    let text: String
    private let components: [Component]

    private enum Component: Hashable {
        case anyNumber
        case one([Token])
    }

    private enum Token: Hashable {
        case anyNumber
        case any
        case scalar(Unicode.Scalar)
        case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    init(_ text: String) {
        self.text = text
        let parts = Artifact.components(of: text)
        components = (parts.count == 1 ? ["**"] + parts : parts).map { $0 == "**" ? .anyNumber : .one(Self.tokens(of: $0)) }
    }

    func matches(_ path: String) -> Bool {
        FileName(path) == FileName(text)
            || Self.matches(Artifact.components(of: path), components, isStar: { $0 == .anyNumber }) { part, name in
                guard case .one(let tokens) = part else { return false }
                return Self.matches(Array(name.unicodeScalars), tokens, isStar: { $0 == .anyNumber }, one: Self.matches)
            }
    }

    private static func matches(_ token: Token, _ scalar: Unicode.Scalar) -> Bool {
        switch token {
        case .anyNumber, .any: true
        case .scalar(let expected): scalar == expected
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        }
    }

    /// Matches a whole list. Only the last star that was passed is ever taken up again.
    private static func matches<Item, Part>(
        _ items: [Item], _ pattern: [Part], isStar: (Part) -> Bool, one: (Part, Item) -> Bool
    ) -> Bool {
        var (item, part) = (0, 0)
        var star: (item: Int, part: Int)?
        while item < items.count {
            if part < pattern.count, isStar(pattern[part]) {
                star = (item, part)
                part += 1
            } else if part < pattern.count, one(pattern[part], items[item]) {
                item += 1
                part += 1
            } else if let last = star {
                star = (last.item + 1, last.part)
                (item, part) = (last.item + 1, last.part + 1)
            } else {
                return false
            }
        }
        return pattern[part...].allSatisfy(isStar)
    }

    private static func tokens(of component: String) -> [Token] {
        let scalars = Array(component.unicodeScalars)
        var tokens: [Token] = []
        var index = 0
        while index < scalars.count {
            switch scalars[index] {
            case "*": tokens.append(.anyNumber)
            case "?": tokens.append(.any)
            case "[":
                if let (set, end) = set(in: scalars, at: index) {
                    tokens.append(set)
                    index = end
                } else {
                    tokens.append(.scalar("["))
                }
            default: tokens.append(.scalar(scalars[index]))
            }
            index += 1
        }
        return tokens
    }

    /// Reads `[…]`; `nil` where no bracket closes it.
    ///
    /// - Returns: the set and the index of its closing bracket.
    private static func set(in scalars: [Unicode.Scalar], at start: Int) -> (Token, Int)? {
        var index = start + 1
        let isNegated = index < scalars.count && (scalars[index] == "!" || scalars[index] == "^")
        if isNegated { index += 1 }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        let first = index
        while index < scalars.count {
            // A bracket that comes first stands for itself.
            if scalars[index] == "]", index > first { return (.set(ranges, isNegated: isNegated), index) }
            if index + 2 < scalars.count, scalars[index + 1] == "-", scalars[index + 2] != "]" {
                let (low, high) = (scalars[index], scalars[index + 2])
                if low <= high { ranges.append(low...high) }
                index += 3
            } else {
                ranges.append(scalars[index]...scalars[index])
                index += 1
            }
        }
        return nil
    }
}

/// Which files of an archive or a repository a source wants.
struct Members {
    private let patterns: [PathPattern]

    init(_ patterns: [String]) { self.patterns = patterns.map(PathPattern.init) }

    var isEmpty: Bool { patterns.isEmpty }

    /// Whether a file is wanted: any pattern matches it, or there is none. Paths that no artifact can hold, such as
    /// `.gitattributes`, are never wanted.
    func choose(_ path: String) -> Bool {
        Artifact.isPortable(path: path) && (isEmpty || patterns.contains { $0.matches(path) })
    }

    /// Refuses patterns that choose nothing.
    func check(all paths: [String], _ label: String) throws(FetchError) {
        let there = paths.filter(Artifact.isPortable).sorted()
        if there.isEmpty { throw .noMember(origin: label, pattern: patterns.first?.text ?? "*", there: []) }
        for pattern in patterns where !there.contains(where: pattern.matches) {
            throw .noMember(origin: label, pattern: pattern.text, there: there)
        }
    }
}
