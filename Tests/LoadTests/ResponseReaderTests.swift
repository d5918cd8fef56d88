import Foundation
import TestSupport
import Testing

@testable import Load

@Suite struct ResponseReaderTests {
    struct Read: Hashable {
        var status = 0
        var body = ""
        var isWhole = false
        var keepsConnection = false
        var fault: String?
    }

    /// Reads a response in pieces of one size.
    static func read(_ text: String, by size: Int, ends: Bool = false) -> Read {
        read(bytes: Array(text.utf8), by: size, ends: ends)
    }

    static func read(bytes: [UInt8], by size: Int, ends: Bool = false) -> Read {
        var reader = ResponseReader()
        var body: [UInt8] = []
        var result = Read()
        do throws(MalformedResponse) {
            for start in stride(from: 0, to: bytes.count, by: size) {
                let piece = Array(bytes[start..<min(start + size, bytes.count)])
                try feed(piece, to: &reader, &body)
            }
        } catch {
            result.fault = error.reason
        }
        if ends { _ = reader.end() }
        (result.status, result.body) = (reader.status, String(decoding: body, as: UTF8.self))
        (result.isWhole, result.keepsConnection) = (reader.isWhole, reader.keepsConnection)
        return result
    }

    private static func feed(
        _ piece: [UInt8], to reader: inout ResponseReader, _ body: inout [UInt8]
    ) throws(MalformedResponse) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: piece.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: piece)
        try reader.read(UnsafeRawBufferPointer(copy)) { _, bytes in body.append(contentsOf: bytes) }
    }

    static let sizes = [1, 2, 3, 7, 64, 4096]

    @Test(arguments: sizes) func aChunkedBodyIsPutTogether(size: Int) {
        let text =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n5\r\nhello\r\n1;name=value\r\n \r\nA\r\n0123456789\r\n"
            + "0\r\nTrailer: t\r\n\r\n"
        let read = Self.read(text, by: size)
        #expect(read == Read(status: 200, body: "hello 0123456789", isWhole: true, keepsConnection: true))
    }

    @Test(arguments: sizes) func aLengthEndsTheBody(size: Int) {
        let text = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\nConnection: Close\r\n\r\nbusy"
        #expect(Self.read(text, by: size) == Read(status: 429, body: "busy", isWhole: true, keepsConnection: false))
    }

    @Test func theEndOfTheConnectionEndsABodyWithoutALength() {
        let text = "HTTP/1.0 200 OK\r\n\r\nsome words"
        let open = Self.read(text, by: 5)
        #expect(open.body == "some words" && !open.isWhole)
        #expect(Self.read(text, by: 5, ends: true) == Read(status: 200, body: "some words", isWhole: true))
    }

    @Test func aBodyThatIsCutIsNotWhole() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        ] {
            #expect(!Self.read(text, by: 4, ends: true).isWhole)
        }
    }

    @Test func anInterimResponseIsPassedOver() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        #expect(Self.read(text, by: 3) == Read(status: 200, isWhole: true, keepsConnection: true))
        #expect(Self.read("HTTP/1.1 204 No Content\r\n\r\n", by: 9).isWhole)
    }

    @Test func whatIsNoResponseIsRefused() {
        let texts = [
            "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 300_000),
        ]
        for text in texts { #expect(Self.read(text, by: 1000).fault != nil, "\(text.prefix(60))") }
    }
}

extension ResponseReaderTests {
    /// Whatever a server sends, it is read the same in any pieces.
    @Test func damagedResponsesAreReadAlikeInAnyPieces() {
        let texts = [
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n5\r\nhello\r\n"
                + "1a\r\n01234567890123456789012345\r\n0\r\n\r\n",
            "HTTP/1.1 503 Busy\r\nContent-Length: 12\r\nConnection: close\r\n\r\ncome again!!",
        ]
        var random = TestRandom(seed: 5)
        for _ in 0..<2000 {
            var bytes = Array(texts[random.next(below: texts.count)].utf8)
            for _ in 0...random.next(below: 4) {
                bytes[random.next(below: bytes.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            let whole = Self.read(bytes: bytes, by: bytes.count)
            #expect(Self.read(bytes: bytes, by: 1) == whole && Self.read(bytes: bytes, by: 7) == whole, "\(bytes)")
        }
    }
}

@Suite struct EventReaderTests {
    static func events(_ text: String, by size: Int) -> [String] {
        var reader = EventReader()
        var found: [String] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            piece.withUnsafeBytes { bytes in reader.read(bytes) { found.append(String(decoding: $0, as: UTF8.self)) } }
        }
        return found
    }

    @Test(arguments: [1, 2, 3, 5, 1000]) func eventsEndAtEmptyLines(size: Int) {
        let text = ": a comment\n\ndata: one\n\ndata:two\r\n\r\nevent: x\ndata: three\ndata:  four\ndata\n\nid: 5\n\ndata: cut"
        #expect(Self.events(text, by: size) == ["one", "two", "three\n four\n"])
    }

    @Test(arguments: [1, 4, 1000]) func aReturnAloneEndsALine(size: Int) {
        #expect(Self.events("data: a\rdata: b\r\rdata: c\r\n\ndatabase: d\n\n", by: size) == ["a\nb", "c"])
    }
}

@Suite struct StreamEventTests {
    static func event(_ text: String) -> StreamEvent { StreamEvent(Array(text.utf8)) }

    @Test func piecesOfAnAnswerHaveContent() {
        let pieces = [
            #"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}],"usage":null}"#,
            #"{"choices": [{"delta": {"content": "x"}}]}"#, #"{"choices":[{"text":"x"}]}"#,
            #"{"choices":[{"delta":{"reasoning_content":"x"}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}}]}"#,
            #"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}}]}"#,
            #"{"choices":[{"delta":{"content":"\"usage\":{\"error\":"}}]}"#,
        ]
        for piece in pieces { #expect(Self.event(piece).hasContent, "\(piece)") }
        let others = [
            #"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
            #"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            #"{"choices":[{"delta":{"content":null}}]}"#, #"{"choices":[]}"#, "[DONE]",
            #"{"choices":[],"note":"\"content\":\"x"}"#,
        ]
        for other in others { #expect(!Self.event(other).hasContent && !Self.event(other).isMalformed, "\(other)") }
    }

    @Test func tokensAreReadWhereverTheyStand() {
        let usage = #""usage":{"prompt_tokens":7,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":5}}"#
        let counted = TokenUsage(prompt: 7, cached: 5, answer: 3)
        #expect(Self.event("{\"choices\":[],\(usage)}").usage == counted)
        let last = Self.event("{\"choices\":[{\"delta\":{\"content\":\"x\"}}],\(usage)}")
        #expect(last.usage == counted && last.hasContent)
        #expect(Self.event(#"{"usage":{"completion_tokens":3}}"#).usage == TokenUsage(prompt: 0, answer: 3))
        #expect(Self.event(#"{"usage":{"total_tokens":3}}"#).usage == nil)
    }

    @Test func whatGoesWrongIsSaid() {
        #expect(Self.event(#"{"error":{"message":"no memory"}}"#).error == "no memory")
        #expect(Self.event(#"{"error":"full"}"#).error == "full")
        #expect(Self.event(#"{"error":null,"choices":[]}"#).error == nil)
        #expect(Self.event("{").isMalformed && Self.event("[1]").isMalformed)
    }
}
