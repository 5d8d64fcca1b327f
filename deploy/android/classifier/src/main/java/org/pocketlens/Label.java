package org.pocketlens;

import java.util.Locale;

/** The names of a class. A name that spec.json does not give is "". */
public final class Label {
    /** The class itself, as in spec.json. */
    public final String name;

    public final String en;
    public final String zh;
    public final String groupEn;
    public final String groupZh;

    Label(String name, String en, String zh, String groupEn, String groupZh) {
        this.name = name;
        this.en = en;
        this.zh = zh;
        this.groupEn = groupEn;
        this.groupZh = groupZh;
    }

    /** The display name in a language: Chinese for Chinese, else English, else the class itself. */
    public String name(Locale locale) {
        String shown = pick(locale, en, zh);
        return shown.isEmpty() ? name : shown;
    }

    /** The display name of the group; "" if the class has none. */
    public String group(Locale locale) {
        return pick(locale, groupEn, groupZh);
    }

    private static String pick(Locale locale, String english, String chinese) {
        boolean isChinese = locale.getLanguage().equals(Locale.CHINESE.getLanguage());
        String first = isChinese ? chinese : english;
        return first.isEmpty() ? (isChinese ? english : chinese) : first;
    }
}
