import BuildModel
import Foundation
import TestSupport
import Testing

/// Names are bytes; what some file system takes for one name cannot stand in one artifact.
@Suite struct FileNameTests {
    @Test func namesOfTwoUnicodeFormsAreTwoNames() {
        let (composed, decomposed) = ("caf\u{E9}.txt", "cafe\u{301}.txt")
        #expect(FileName(composed) != FileName(decomposed))
        #expect(Set([FileName(composed), FileName(decomposed)]).count == 2)
        let file = { Artifact.File(path: $0, size: 1, digest: Digest(hashing: "x")) }
        #expect(file(composed) != file(decomposed))
        #expect(Artifact(files: [file(composed)])[decomposed] == nil)
        #expect(Artifact(files: [file(composed)]).digest != Artifact(files: [file(decomposed)]).digest)
    }

    @Test func aCombiningMarkAfterASlashIsInTheFolder() {
        #expect(FileName("d/\u{301}x").lies(in: "d"))
        #expect(!FileName("d\u{301}/x").lies(in: "d"))
        #expect(!FileName("dd/x").lies(in: "d"))
    }

    @Test(arguments: [
        ["d/README", "d/readme"], ["caf\u{E9}", "cafe\u{301}"], ["A/x", "a/y"], ["A", "a/y"], ["stra\u{DF}e", "STRASSE"],
        ["\u{1E9E}", "ss"], ["\u{1E9E}", "\u{DF}"], ["\u{212A}", "k"], ["\u{17F}", "S"], ["\u{3C3}", "\u{3C2}"],
        ["\u{FB01}", "FI"], ["a\u{200D}b", "ab"], ["a\u{AD}b", "AB"], ["\u{2764}", "\u{2764}\u{FE0F}"],
        ["\u{1E0D}\u{307}", "\u{1E0B}\u{323}"],
        ["\u{AC00}", "\u{1100}\u{1161}"], ["\u{130}", "i\u{307}"], ["\u{13A0}", "\u{AB70}"], ["a/b/C/d", "a/b/c/e"],
    ])
    func namesThatAreOneSomewhereAreRefusedTogether(paths: [String]) throws {
        for paths in [paths, paths.reversed()] {
            let fault = try #require(FileNames.fault(in: paths))
            #expect(fault.contains("are one name where file systems ignore case or spelling; give one of them another name"))
        }
        for path in paths { #expect(FileNames.fault(in: [path]) == nil) }
    }

    @Test(arguments: [
        "CON", "con", "aux.txt", "a/NUL", "nul.tar.gz", "Com1", "lpt9.log", "COM\u{B9}", "prn/x", "conin$", "con .txt", "COM0",
        "a.", "b ",
        "d./x", "d /x", "\u{200D}", "\u{FEFF}/x", ".git", "a/.gitmodules", "x\\y", "a\nb", "../x", "a//b",
    ])
    func namesThatSomeSystemsCannotHoldAreRefused(path: String) {
        #expect(FileNames.fault(in: [path]) != nil)
    }

    @Test(arguments: [
        "console", "auxiliary.txt", "com", "com10", "lpt", "null", ".hidden", "a b", "a.b.c", " a", "\u{E9}", "e\u{301}",
        "日本語.txt",
        "a:b", "what?", "[1].bin", "nul-1", "config.json", "tokenizer.json", "model-00001-of-00002.safetensors",
    ])
    func plainNamesAreTaken(path: String) {
        #expect(FileNames.fault(in: [path, "other/file"]) == nil)
    }

    @Test func aNameTwiceIsRefused() {
        #expect(FileNames.fault(in: ["a", "b", "a"]) == "'a' is there twice")
    }

    /// The file systems that the rule is about, each in its own words.
    private static let fileSystems: [@Sendable (String) -> String] = [
        // ext4, XFS: bytes.
        { $0.utf8.map { String($0, radix: 16) }.joined(separator: " ") },
        // APFS as macOS has it: no case, no form.
        { canonical($0.folding(options: .caseInsensitive, locale: nil)) },
        // NTFS, exFAT: a table of capitals; dots and spaces at the end do not count.
        { name in
            var name = name[...]
            while name.hasSuffix(".") || name.hasSuffix(" ") { name.removeLast() }
            return name.unicodeScalars.map {
                bytes($0.properties.uppercaseMapping.unicodeScalars.count == 1 ? $0.properties.uppercaseMapping : String($0))
            }.joined()
        },
        // HFS+ and ext4 with casefold: no case, no form, and what is not seen is not there.
        { name in
            let seen = String.UnicodeScalarView(name.unicodeScalars.filter { !$0.properties.isDefaultIgnorableCodePoint })
            return canonical(String(seen).lowercased().uppercased().lowercased())
        },
    ]

    private static func canonical(_ text: String) -> String { bytes(text.decomposedStringWithCanonicalMapping) }
    private static func bytes(_ text: String) -> String { text.utf8.map { String($0, radix: 16) }.joined(separator: " ") + " " }

    /// Two random names stand together if and only if every file system keeps them apart and holds both.
    @Test func namesAreTakenTogetherIfAndOnlyIfNoFileSystemMergesThem() {
        let scalars: [Character] = [
            "a", "A", "b", "e", "E", "é", "s", "S", "k", "\u{212A}", "\u{DF}", "\u{1E9E}", "\u{301}", "\u{323}", "\u{307}",
            "\u{200D}", "i", "I",
            "\u{3C3}", "\u{3C2}", "\u{3A3}", "\u{17F}", ".", " ", "-", "1",
        ]
        var random = TestRandom(seed: 7)
        var (merged, apart) = (0, 0)
        for _ in 0..<3_000 {
            let first = (0..<random.next(below: 4) + 1).map { _ in scalars[random.next(below: scalars.count)] }
            // Often a name that is almost the first.
            var second = first
            for index in second.indices where random.next(below: 3) == 0 {
                second[index] = scalars[random.next(below: scalars.count)]
            }
            if random.next(below: 4) == 0 { second.append(scalars[random.next(below: scalars.count)]) }
            let names = [String(first), String(second)]
            guard FileName(names[0]) != FileName(names[1]), names.allSatisfy({ FileNames.fault(in: [$0]) == nil }) else {
                continue
            }
            let isOneSomewhere = Self.fileSystems.contains { $0(names[0]) == $0(names[1]) }
            let isRefused = FileNames.fault(in: names) != nil
            #expect(isRefused == isOneSomewhere, "\(names.map(Self.bytes))")
            if isOneSomewhere { merged += 1 } else { apart += 1 }
        }
        #expect(merged > 30 && apart > 300)
    }
}
