import TestSupport
import Testing

@testable import Fetching

@Suite struct PathPatternTests {
    @Test(arguments: [
        ("*.gguf", "model.gguf", true), ("*.gguf", "a/b/model.gguf", true), ("*.gguf", "model.gguf/a", false),
        ("a/*.txt", "a/b.txt", true), ("a/*.txt", "a/b/c.txt", false), ("a/*.txt", "x/a/b.txt", false),
        ("a/**/c.txt", "a/c.txt", true), ("a/**/c.txt", "a/b/b/c.txt", true), ("a/**", "a/b/c", true), ("**", "a/b", true),
        ("**/b/*", "x/y/b/z", true), ("**/b/*", "x/y/b", false), ("a**c", "abbc", true), ("a**c", "ab/bc", false),
        ("file?", "file1", true), ("file?", "file", false), ("file?", "file12", false),
        ("[a-c]1", "b1", true), ("[a-c]1", "d1", false), ("[!a-c]1", "d1", true), ("[^a-c]1", "a1", false),
        ("[]x]", "]", true), ("[ab", "[ab", true), ("a[b", "ab", false), ("model[1].bin", "model[1].bin", true),
        ("model[1].bin", "model1.bin", true), ("a.b", "axb", false), ("A", "a", false), ("ä?", "äö", true),
        ("*a*b*c", "xaxbxc", true), ("*a*b*c", "xaxcxb", false), ("", "a", false), ("a/b", "a/b", true),
    ])
    func matches(pattern: String, path: String, expected: Bool) {
        #expect(PathPattern(pattern).matches(path) == expected)
    }

    /// A matcher that tries every way to share the path among the stars would not end.
    @Test(.mustEnd) func manyStarsTakeNoLonger() {
        let stars = String(repeating: "*a", count: 200) + "b"
        #expect(!PathPattern(stars).matches(String(repeating: "a", count: 2000)))
        let deep = String(repeating: "**/a/", count: 100) + "b"
        #expect(!PathPattern(deep).matches(Array(repeating: "a", count: 400).joined(separator: "/")))
    }
}
