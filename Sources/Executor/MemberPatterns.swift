import Glibc

/// Which files of an archive or repository are wanted: glob patterns, of which one without a slash is asked of the file's
/// own name as well. No patterns want all.
struct MemberPatterns {
    let patterns: [String]

    func admit(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return patterns.isEmpty
            || patterns.contains { pattern in
                fnmatch(pattern, path, 0) == 0 || !pattern.contains("/") && fnmatch(pattern, name, 0) == 0
            }
    }
}
