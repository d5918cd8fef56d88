extension Seeds {
    static let jsonLines = [Array("{\"a\":1,\"b\":\"x\"}\r\n\n{\"a\":[2],\"b\":null}".utf8)]
    static let jsonList = [Array("[{\"a\":\"],\"},\n{\"b\":[{}]} ]\n".utf8)]
    static let separatedValues = [
        Array("\u{FEFF}a;b\r\n\"x;\"\"\r\ny\";2\r\n\r\n3;\r\n".utf8), Array("name\tnumber\nfirst\t1\nsecond\t2\n".utf8),
    ]

    /// Two JSON lines, as `gzip` writes them, and a table of two members in one file.
    static let gzip: [[UInt8]] = {
        let lines: [UInt8] = [
            31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 74, 84, 178, 82, 170, 80, 170, 229, 170, 6, 179, 42, 129, 44, 0, 127, 155,
            114,
            138, 20, 0, 0, 0,
        ]
        let table: [UInt8] = [
            31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 212, 73, 226, 50, 212, 49, 226, 2, 0, 123, 7, 151, 10, 8, 0, 0, 0,
        ]
        return [lines, table + table]
    }()

    /// Two JSON lines, as `zstd` writes them.
    static let zstd: [[UInt8]] = [
        [
            40, 181, 47, 253, 36, 20, 161, 0, 0, 123, 34, 97, 34, 58, 34, 120, 34, 125, 10, 123, 34, 97, 34, 58, 34, 121, 34,
            125, 10,
            35, 86, 242, 204,
        ]
    ]
}
