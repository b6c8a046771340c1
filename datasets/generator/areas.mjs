// Areas with their FAO and M49 codes and their official short names.

/** Countries: FAO area code, M49 code, name. */
export const AREAS = `
2 004 Afghanistan|4 012 Algeria|7 024 Angola|9 032 Argentina|16 050 Bangladesh|53 204 Benin
19 068 Bolivia (Plurinational State of)|20 072 Botswana|21 076 Brazil|233 854 Burkina Faso|29 108 Burundi
35 132 Cabo Verde|115 116 Cambodia|32 120 Cameroon|37 140 Central African Republic|39 148 Chad|40 152 Chile
44 170 Colombia|46 178 Congo|48 188 Costa Rica|107 384 Côte d'Ivoire|49 192 Cuba|72 262 Djibouti
56 214 Dominican Republic|116 408 Democratic People's Republic of Korea|250 180 Democratic Republic of the Congo
58 218 Ecuador|59 818 Egypt|60 222 El Salvador|178 232 Eritrea|209 748 Eswatini|238 231 Ethiopia|74 266 Gabon
75 270 Gambia|81 288 Ghana|89 320 Guatemala|90 324 Guinea|175 624 Guinea-Bissau|93 332 Haiti|95 340 Honduras
100 356 India|101 360 Indonesia|102 364 Iran (Islamic Republic of)|103 368 Iraq|112 400 Jordan|114 404 Kenya
120 418 Lao People's Democratic Republic|122 426 Lesotho|123 430 Liberia|129 450 Madagascar|130 454 Malawi
133 466 Mali|136 478 Mauritania|138 484 Mexico|141 496 Mongolia|143 504 Morocco|144 508 Mozambique|28 104 Myanmar
147 516 Namibia|149 524 Nepal|157 558 Nicaragua|158 562 Niger|159 566 Nigeria|165 586 Pakistan
168 598 Papua New Guinea|170 604 Peru|171 608 Philippines|184 646 Rwanda|195 686 Senegal|197 694 Sierra Leone
201 706 Somalia|202 710 South Africa|277 728 South Sudan|38 144 Sri Lanka|276 729 Sudan|212 760 Syrian Arab Republic
208 762 Tajikistan|216 764 Thailand|176 626 Timor-Leste|217 768 Togo|223 792 Türkiye|226 800 Uganda|230 804 Ukraine
215 834 United Republic of Tanzania|236 862 Venezuela (Bolivarian Republic of)|237 704 Viet Nam|249 887 Yemen
251 894 Zambia|181 716 Zimbabwe`
  .trim()
  .split(/[|\n]/)
  .map((line) => /^(\d+) (\d{3}) (.+)$/.exec(line).slice(1));

/** Groups of countries that the download mixes with them; their codes start at 5000. */
export const AGGREGATES = [
  ["5000", "001", "World"],
  ["5100", "002", "Africa"],
  ["5300", "142", "Asia"],
  ["5801", "199", "Least Developed Countries"],
  ["5815", "901", "Low Income Food Deficit Countries"],
];
