import Diagnostics

/// Turns events into nodes. Recursion is safe: `limits.depth` bounds it.
struct NodeBuilder {
    let source: SourceText
    let events: YAMLEventStream
    let limits: YAMLLimits
    private(set) var diagnostics: [Diagnostic] = []
    private var nodes = 0

    init(source: SourceText, events: YAMLEventStream, limits: YAMLLimits) {
        (self.source, self.events, self.limits) = (source, events, limits)
    }

    /// Ends the reading; its diagnostic is recorded already.
    private struct Stop: Error {}

    /// The file's one document; `nil` after an error that ends the reading.
    mutating func document() -> Node? {
        do throws(Stop) {
            var root: Node?
            while true {
                let event = try next()
                switch event.kind {
                case .end: return root ?? Node(.scalar(.init(text: "", style: .plain)), at: source.span(0..<0))
                case .documentStart where root != nil:
                    throw stop(
                        "yaml-documents", "the file holds more than one document", event.span,
                        help: "write each into a file of its own")
                case .documentStart: root = try node(try next(), depth: 0)
                default: break
                }
            }
        } catch {
            return nil
        }
    }

    private mutating func node(_ event: YAMLEventStream.Event, depth: Int) throws(Stop) -> Node {
        nodes += 1
        if nodes > limits.nodes {
            throw stop("yaml-too-large", "the file holds more than \(limits.nodes) values", event.span)
        }
        try refuseAnchorAndTag(event)
        switch event.kind {
        case .scalar(let scalar):
            if scalar.text.utf8.count > limits.scalarBytes {
                throw stop(
                    "yaml-too-large", "this value has \(scalar.text.utf8.count) bytes; at most \(limits.scalarBytes) are read",
                    event.span, help: "keep data in a file of its own and name it under 'sources'")
            }
            return Node(.scalar(scalar), at: event.span)
        case .sequenceStart:
            try checkDepth(depth, event.span)
            return try sequence(from: event.span, depth: depth)
        case .mappingStart:
            try checkDepth(depth, event.span)
            return try mapping(from: event.span, depth: depth)
        case .alias(let name):
            try report(
                "yaml-alias", "'*\(Diagnostic.shortened(name))' repeats another value, which is not supported", event.span,
                help: "write the value out")
            return Node(.scalar(.init(text: "", style: .plain)), at: event.span)
        default:
            throw stop("yaml-syntax", "a value is missing here", event.span)
        }
    }

    private mutating func sequence(from start: SourceSpan, depth: Int) throws(Stop) -> Node {
        var elements: [Node] = []
        while true {
            let event = try next()
            if case .collectionEnd = event.kind {
                return Node(.sequence(elements), at: span(from: start, last: elements.last?.span, end: event.span))
            }
            elements.append(try node(event, depth: depth + 1))
        }
    }

    private mutating func mapping(from start: SourceSpan, depth: Int) throws(Stop) -> Node {
        var entries: [Node.Entry] = []
        var places: [String: SourceSpan] = [:]
        while true {
            let event = try next()
            if case .collectionEnd = event.kind {
                return Node(.mapping(entries), at: span(from: start, last: entries.last?.value.span, end: event.span))
            }
            let key = try node(event, depth: depth + 1)
            let value = try node(try next(), depth: depth + 1)
            guard let name = key.scalar?.text else {
                try report("yaml-key", "a field's name must be a single word, not \(key.describedKind)", key.span)
                continue
            }
            if name == "<<", key.scalar?.style == .plain {
                try report(
                    "yaml-merge-key", "'<<' merges another mapping, which is not supported", key.span,
                    help: "write the fields out")
            } else if let first = places[name] {
                try report(
                    "duplicate-key", "'\(Diagnostic.shortened(name))' is given twice", key.span, label: "given again",
                    secondary: [.init(first, "first given here")], help: "keep one of the two")
            } else {
                places[name] = key.span
                entries.append(Node.Entry(key: key, value: value))
            }
        }
    }

    /// A block collection's end mark lies at the next token, lines later: such a collection ends with its last element.
    private func span(from start: SourceSpan, last: SourceSpan?, end: SourceSpan) -> SourceSpan {
        guard let last, end.start == end.end else { return start.extended(to: end) }
        return start.extended(to: last)
    }

    private mutating func refuseAnchorAndTag(_ event: YAMLEventStream.Event) throws(Stop) {
        if event.hasAnchor {
            try report(
                "yaml-alias", "'&' names a value for later use, which is not supported", event.span,
                help: "write the value out where it is used")
        }
        if let tag = event.tag, tag != "!" {
            try report("yaml-tag", "the tag '\(Diagnostic.shortened(tag))' is not supported", event.span, help: "leave it out")
        }
    }

    private mutating func checkDepth(_ depth: Int, _ span: SourceSpan) throws(Stop) {
        if depth >= limits.depth {
            throw stop("yaml-depth", "lists and mappings are nested more than \(limits.depth) deep", span)
        }
    }

    private mutating func next() throws(Stop) -> YAMLEventStream.Event {
        do throws(YAMLEventStream.Problem) {
            return try events.next()
        } catch {
            diagnostics.append(Diagnostic(syntax: error))
            throw Stop()
        }
    }

    private mutating func stop(_ code: String, _ message: String, _ span: SourceSpan, help: String? = nil) -> Stop {
        diagnostics.append(Diagnostic(code: code, message, at: span, help: help))
        return Stop()
    }

    /// Records a problem and goes on, unless there are very many.
    private mutating func report(
        _ code: String, _ message: String, _ span: SourceSpan, label: String = "", secondary: [Diagnostic.Label] = [],
        help: String? = nil
    ) throws(Stop) {
        diagnostics.append(Diagnostic(code: code, message, at: span, label: label, secondary: secondary, help: help))
        if diagnostics.count >= limits.diagnostics { throw Stop() }
    }
}
