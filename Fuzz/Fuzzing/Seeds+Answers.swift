extension Seeds {
    private static let zeros = String(repeating: "0", count: 64)

    static let batchAnswer = Array(
        """
        {"transfer":"basic","objects":[{"oid":"\(zeros)","size":5,"actions":{"download":{"href":"https://host/o","header":{"A":"b"},\
        "expires_in":60,"expires_at":"2030-01-01T00:00:00Z"}}},{"oid":"\(zeros)","size":1,"error":{"code":404,"message":"none"}}]}
        """.utf8)
    static let chatAnswer = Array(
        """
        {"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"hi","tool_calls":[{"id":"1","type":"function",\
        "function":{"name":"f","arguments":"{\\"a\\":1}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}
        """.utf8)
    static let hubAnswer = Array(
        """
        {"sha":"\(String(repeating: "a", count: 40))","siblings":[{"rfilename":"config.json"},{"rfilename":"a/model.safetensors"}]}
        """.utf8)
    static let pointer = Array("version https://git-lfs.github.com/spec/v1\noid sha256:\(zeros)\nsize 12\n".utf8)
    static let manifest = Array(
        #"[{"path":"a/b.txt","size":12,"sha256":"\#(zeros)"},{"path":"c","size":0,"sha256":"\#(zeros)"}]"#.utf8)

    /// One file, 5 bytes long, in the format of POSIX.
    static let tar: [UInt8] = {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at place: Int) { header.replaceSubrange(place..<place + text.utf8.count, with: text.utf8) }
        put("a/b.txt", at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put("00000000005", at: 124)
        put("00000000000", at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = header.reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        put(String(repeating: "0", count: 6 - digits.count) + digits + "\u{0} ", at: 148)
        return header + Array("hello".utf8) + [UInt8](repeating: 0, count: 507 + 1024)
    }()

    /// One file, 5 bytes long, not compressed.
    static let zip: [UInt8] = {
        let name = Array("a.txt".utf8)
        let sum: [UInt8] = [0x86, 0xA6, 0x10, 0x36]
        let sizes: [UInt8] = [5, 0, 0, 0, 5, 0, 0, 0]
        let common: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0] + sum + sizes + [5, 0, 0, 0]
        let local: [UInt8] = [0x50, 0x4B, 3, 4, 10, 0] + common + name + Array("hello".utf8)
        let central: [UInt8] = [0x50, 0x4B, 1, 2, 10, 0, 10, 0] + common + [UInt8](repeating: 0, count: 14) + name
        let end: [UInt8] = [
            0x50, 0x4B, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, UInt8(central.count), 0, 0, 0, UInt8(local.count), 0, 0, 0, 0, 0,
        ]
        return local + central + end
    }()
}
