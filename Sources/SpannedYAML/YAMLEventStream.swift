import CYaml
import Diagnostics

/// What libyaml reports, one call of `next` an event. Owns the parser and the bytes that it reads.
final class YAMLEventStream {
    struct Event {
        enum Kind {
            case documentStart
            case end
            case alias(name: String)
            case scalar(Node.Scalar)
            case sequenceStart
            case mappingStart
            case collectionEnd
            /// Stream start and document end.
            case other
        }

        var kind: Kind
        var span: SourceSpan
        var hasAnchor = false
        var tag: String?
    }

    /// Why libyaml cannot go on.
    struct Problem: Error {
        var message: String
        var span: SourceSpan
        /// What was being read, and where that began.
        var context: (message: String, span: SourceSpan)?
    }

    private let source: SourceText
    private let offsets: CharacterOffsets
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// `nil` where memory is exhausted.
    init?(_ source: SourceText) {
        self.source = source
        offsets = CharacterOffsets(source.bytes)
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            return nil
        }
        let text = source.bytes.dropFirst(offsets.start)
        input = .allocate(capacity: max(text.count, 1))
        _ = input.initialize(from: text)
        yaml_parser_set_input_string(parser, input.baseAddress, text.count)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    func next() throws(Problem) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        defer { yaml_event_delete(&event) }
        return read(event)
    }

    private func read(_ event: yaml_event_t) -> Event {
        let span = span(event.start_mark, event.end_mark)
        switch event.type {
        case YAML_STREAM_END_EVENT: return Event(kind: .end, span: span)
        case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, span: span)
        case YAML_ALIAS_EVENT: return Event(kind: .alias(name: text(event.data.alias.anchor)), span: span)
        case YAML_SCALAR_EVENT:
            let data = event.data.scalar
            let style: Node.Scalar.Style =
                switch data.style {
                case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: .quoted
                case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
                default: .plain
                }
            let value = String(decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
            return Event(
                kind: .scalar(Node.Scalar(text: value, style: style)), span: span, hasAnchor: data.anchor != nil,
                tag: data.tag.map(text))
        case YAML_SEQUENCE_START_EVENT:
            let data = event.data.sequence_start
            return Event(kind: .sequenceStart, span: span, hasAnchor: data.anchor != nil, tag: data.tag.map(text))
        case YAML_MAPPING_START_EVENT:
            let data = event.data.mapping_start
            return Event(kind: .mappingStart, span: span, hasAnchor: data.anchor != nil, tag: data.tag.map(text))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return Event(kind: .collectionEnd, span: span)
        default: return Event(kind: .other, span: span)
        }
    }

    private func problem() -> Problem {
        let error = parser.pointee
        let message = error.problem.map { String(cString: $0) } ?? "out of memory"
        // The reader's problems come with a byte offset, all others with a mark.
        if error.error == YAML_READER_ERROR {
            let offset = Int(clamping: error.problem_offset)
            return Problem(message: message, span: source.span(offset..<offset + 1))
        }
        let context = error.context.map { (String(cString: $0), span(error.context_mark, error.context_mark)) }
        return Problem(message: message, span: span(error.problem_mark, error.problem_mark), context: context)
    }

    private func span(_ start: yaml_mark_t, _ end: yaml_mark_t) -> SourceSpan {
        SourceSpan(source: source, start: offsets[Int(clamping: start.index)], end: offsets[Int(clamping: end.index)])
    }

    private func text(_ characters: UnsafePointer<UInt8>) -> String { String(cString: characters) }
    private func text(_ characters: UnsafeMutablePointer<UInt8>?) -> String { characters.map { text(UnsafePointer($0)) } ?? "" }
}

/// Byte offsets of a text's characters: libyaml counts characters, spans count bytes.
struct CharacterOffsets {
    /// Bytes of a byte order mark, which libyaml is not given: it would count as a column.
    let start: Int
    private let end: Int
    /// Empty where every character is one byte.
    private let offsets: [Int]

    init(_ bytes: [UInt8]) {
        start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        end = bytes.count
        offsets = bytes.allSatisfy { $0 < 0x80 } ? [] : bytes.indices.dropFirst(start).filter { bytes[$0] & 0xC0 != 0x80 }
    }

    subscript(character: Int) -> Int {
        if offsets.isEmpty { return min(start + character, end) }
        return character < offsets.count ? offsets[character] : end
    }
}
