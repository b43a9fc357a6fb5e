import random

import pytest

from perennial.adoption.charset import find_encoding, guess_encoding, is_certain
from perennial.refusal import Refusal

FRENCH = "nom,ville\nHélène,Besançon\nRené,Orléans\n"
POLISH = "imię,miasto\nŁukasz,Łódź\nMałgorzata,Gdańsk\nŚwięta,Kraków\n"
RUSSIAN = "имя,город\nИван,Москва\nОльга,Казань\nПётр,Самара\n"
JAPANESE = "名前,都市\n太郎,東京\n花子,大阪\nさくら,京都\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", ["größe,b\n1,2\n", JAPANESE])
def test_unicode_is_found_for_certain(text: str, encoding: str) -> None:
    found = find_encoding(text.encode(encoding))
    assert found == encoding
    assert is_certain(found)


@pytest.mark.parametrize("times", [1, 300])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("größe,b\n1,2\n", "cp1252"),
        (FRENCH, "cp1252"),
        ("name,city\nJørgen,København\nÅsa,Malmö\n", "cp1252"),
        ("nombre,ciudad\nJosé Muñoz,Málaga\nBegoña,León\n", "cp1252"),
        ("item,price\nbook,5 €\npen,3 €\n", "cp1252"),
        ("place,temp,volume\nA,5°,12 m³\nB,3°,½ l\n", "cp1252"),
        (POLISH, "cp1250"),
        ("jméno,město\nJiří,Plzeň\nŽaneta,Brno\nŠtěpán,České Budějovice\nŘehoř,Příbram\n", "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        ("όνομα,πόλη\nΓιώργος,Αθήνα\nΜαρία,Πάτρα\n", "cp1253"),
        ("isim,şehir\nAyşe,İstanbul\nÇağrı,Ağrı\nIşıl,Muğla\n", "cp1254"),
        ("اسم,مدينة\nمحمد,القاهرة\nفاطمة,بيروت\n", "cp1256"),
        ("ชื่อ,เมือง\nสมชาย,กรุงเทพ\nสมหญิง,เชียงใหม่\n", "cp874"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        ("姓名,城市\n张伟,北京\n王芳,上海\n", "gb18030"),
        ("姓名,城市\n張偉,台北\n王芳,高雄\n李娜,臺中\n", "big5"),
        ("이름,도시\n김철수,서울\n이영희,부산\n", "euc_kr"),
    ],
)
def test_what_is_older_than_unicode_is_guessed_from_its_letters(text: str, encoding: str, times: int) -> None:
    header, *rows = text.splitlines(keepends=True)
    data = (header + "".join(rows) * times).encode(encoding)
    found = find_encoding(data)
    assert data.decode(found) == data.decode(encoding)
    assert not is_certain(found)


def test_bytes_that_are_no_text_are_refused() -> None:
    for data in (b"PK\x03\x04\x00\x00\x81\x8d", bytes([0x81, 0x8D, 0xFF, 0xFE, 0x01]) * 40):
        with pytest.raises(Refusal, match="not text"):
            find_encoding(data)
    assert guess_encoding(random.Random(0).randbytes(300)) is None


def test_a_file_that_was_cut_inside_a_letter_is_not_guessed_at() -> None:
    with pytest.raises(Refusal, match="ends in the middle of a character"):
        find_encoding("name\nZoë\nRené".encode()[:-1])
    assert find_encoding("name\nRené".encode("cp1252")) == "cp1252"
